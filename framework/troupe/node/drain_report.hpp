// troupe: actors in processes. Apache-2.0, see LICENSE.
// What still runs when a node was asked to finish, and why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// An actor, a process or a connection that had not finished.
struct StillBusy {
  /// For people: an actor's class and number, a process's name, or the peer's endpoint.
  std::string who;
  /// Of the process in which it is; 0: one on another host that has not said it.
  std::int32_t pid = 0;
  /// "in a handler for 1200 ms, in the mailbox: 3 messages", "awaits 2 answers", "4 frames are not acknowledged", ...
  std::string why;
};

/// The result of `Node::drain`.
struct DrainReport {
  /// Empty: everything that was under way has finished.
  std::vector<StillBusy> busy;

  [[nodiscard]] bool quiet() const noexcept { return busy.empty(); }
};

}  // namespace troupe
