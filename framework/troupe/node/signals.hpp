// troupe: actors in processes. Apache-2.0, see LICENSE.
// SIGINT and SIGTERM as something a poll loop can wait for, and threads that take no signals.
#pragma once

#include <functional>
#include <optional>
#include <thread>

namespace troupe::detail {

/// Takes over SIGINT and SIGTERM for its lifetime and gives them back as it found them. Interrupted calls are restarted where the
/// system does that. One that is ignored when the watch begins (a shell's background job, nohup) stays ignored.
///
/// A second one in the process at the same time is inert: no descriptor, no signals.
/// Threads: construct and destroy on one; `take` from any.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// Readable while a signal waits to be taken; -1 when inert.
  [[nodiscard]] int descriptor() const noexcept;
  /// The oldest signal not taken yet. Does not block.
  [[nodiscard]] std::optional<int> take() noexcept;

 private:
  bool active_ = false;
};

/// Ends this process the way `signal` ends one that does not handle it, so that a shell sees it. Returns only if that does not end it.
void raise_default(int signal);

/// Installs a handler for SIGINT that does nothing, and unblocks it. Unlike an ignored signal it is back at its default in whatever
/// this process executes.
void disregard_interrupt();

/// Starts a thread in which every signal is blocked: the user's handlers run on the user's threads, and a broken pipe is an error code.
[[nodiscard]] std::thread quiet_thread(std::function<void()> body);

}  // namespace troupe::detail
