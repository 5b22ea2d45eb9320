// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who keeps the names of a node: an actor of its own, or one of another node.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include <troupe/node/cell.hpp>

namespace troupe::detail {

/// The actor that keeps names for a node. Defined in cluster/.
[[nodiscard]] CellPointer make_name_keeper(NodeCore& node);

/// Where an actor is, for a process that is to write to it.
struct KeeperAddress {
  Address address;  // of nobody: the process keeps its names itself
  std::string endpoint;
};

/// Threads: safe.
class NameService {
 public:
  explicit NameService(NodeCore& node) : node_{node} {}

  /// Of this node; made when it is first needed. Whoever publishes is known by it.
  [[nodiscard]] CellPointer own();
  /// Whom to ask for names: another node's, if it was said so, else this node's own.
  [[nodiscard]] CellPointer keeper();
  /// Has an actor of another node asked from here on.
  void keep_at(const KeeperAddress& keeper);
  /// Whom this node's children, and those of the head's hosts, are to ask.
  [[nodiscard]] KeeperAddress for_others();

  /// Has `leave` called when a signal is about to end this process.
  void before_interrupt(std::function<void()> leave);
  void interrupt() const;

 private:
  [[nodiscard]] KeeperAddress elsewhere() const;

  NodeCore& node_;
  mutable std::mutex mutex_;
  KeeperAddress elsewhere_;
  std::function<void()> leave_;
};

}  // namespace troupe::detail
