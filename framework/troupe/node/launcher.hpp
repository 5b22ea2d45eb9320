// troupe: actors in processes. Apache-2.0, see LICENSE.
// Starts child processes from one long-lived thread, and watches and signals them by pidfd.
#pragma once

#include <troupe/node/descriptor.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::detail {

/// What to start and how. The child's environment is ours with `environment` in place of equal names.
struct ChildSpec {
  /// A path, or a name that PATH is searched for. Empty: this program again, also when its file has been replaced since.
  std::string executable;
  /// argv, the program's name first. Empty: the executable's name.
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  /// Empty: ours. A relative `executable` is still found from our own.
  std::string working_directory;
  /// Handed to `take_role` in the child; any size.
  std::vector<std::byte> role;
  /// Shown to people, and what TROUPE_WAIT_CHILD waits for.
  std::string name;
  /// False: the child writes to our own stdout and stderr, unless it is given others.
  bool relay_output = true;
  /// Descriptors that become the child's stdout and stderr; they stay the caller's. -1: as `relay_output` says.
  int output = -1;
  int errors = -1;
  /// A descriptor that becomes the child's stdin; it stays the caller's. -1: /dev/null, so that no child takes the terminal's input.
  int input = -1;
};

struct Child {
  int pid = -1;
  /// Readable once the child is dead.
  Descriptor pidfd;
  /// Held for as long as the child may live: its end of file tells the child that we died.
  Descriptor role;
  /// The reading ends of its stdout and stderr, non-blocking; none without `relay_output`.
  Descriptor out, err;
};

/// How a process ended: with `code`, or by `signal` (then `code` is -signal). `signal` 0 and `code` -1: nobody can know, because
/// the program ignores SIGCHLD or waits for children that are not its own.
struct ChildEnd {
  int code = 0;
  int signal = 0;
};

/// Starts children with default signal dispositions (an ignored SIGHUP stays ignored, for nohup), with SIGINT blocked until they take
/// their role, and with no descriptor of ours but stdin, stdout, stderr, the role (3) and the parent's life (4).
///
/// Lifetime: until its children have ended. Its end kills those that have taken their role: the kernel ties them to its thread.
/// Threads:  safe; callers are served in order.
class Launcher {
 public:
  Launcher();
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  /// Starts a child and returns once its executable runs: about 1 ms, never waiting for the child itself.
  ///
  /// @throws misuse      this process is a child that has not taken its role yet, or `max_process_depth` processes deep; nothing was
  /// started
  /// @throws not_found   the executable or working directory does not exist or cannot be run; nothing was started
  /// @throws full        no processes, descriptors or memory left; nothing was started
  [[nodiscard]] Child start(const ChildSpec& spec);

 private:
  struct Request;
  void serve(Request& request, const ChildSpec& spec);
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;  // the thread: a request, or the end
  std::condition_variable done_;  // callers
  std::deque<Request*> requests_;
  bool ended_ = false;
  std::thread thread_;
};

/// The end of the child behind `pidfd`, which leaves no zombie then; nothing while it lives. Does not block. Once per child.
[[nodiscard]] std::optional<ChildEnd> reap(const Descriptor& pidfd);
/// The same, waiting up to `patience` for the end.
[[nodiscard]] std::optional<ChildEnd> reap(const Descriptor& pidfd, std::chrono::milliseconds patience);
/// Sends `signal`. @returns false: it is dead already
bool signal_child(const Descriptor& pidfd, int signal);

}  // namespace troupe::detail
