// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where one thread sleeps until another wakes it: on a condition variable, or in a poll beside sockets.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <troupe/node/clock.hpp>

namespace troupe::detail {

/// One per thread. A wake-up is never lost: one that comes early is taken by the next sleep.
///
/// Threads: `wake` from any; everything else by its own thread.
class Parker {
 public:
  Parker() = default;
  ~Parker();
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;

  /// The calling thread's.
  [[nodiscard]] static Parker& current();

  void wake() noexcept;
  /// Takes a wake-up that has come. @returns whether one has
  [[nodiscard]] bool take_wake() noexcept {
    int expected = woken;
    return state_.compare_exchange_strong(expected, awake);
  }

  /// Sleeps until woken or until `until`. Spurious returns are possible.
  void sleep(TimePoint until);
  /// Sleeps until woken, until `descriptor` is readable or until `until`.
  void sleep_polling(int descriptor, TimePoint until);

 private:
  enum State : int { awake, sleeping, polling, woken };

  std::atomic<int> state_{awake};
  std::mutex mutex_;
  std::condition_variable condition_;
  int bell_ = -1;
};

/// The milliseconds until `until` for poll and epoll_wait, rounded up; -1: for ever.
[[nodiscard]] int poll_timeout(TimePoint now, TimePoint until);

/// Sleeps in the kernel until `first` or `second` is readable, or until `until`.
/// @returns whether `second` is
bool poll_two(int first, int second, TimePoint until);

}  // namespace troupe::detail
