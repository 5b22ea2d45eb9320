// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the calling thread is doing for troupe just now.
#pragma once

#include <cstdint>
#include <utility>

namespace troupe::detail {

class LocalCell;
class NodeCore;

/// One per thread.
struct Context {
  NodeCore* node = nullptr;   // whose turn, task or frame it works on
  LocalCell* cell = nullptr;  // the actor whose turn or constructor runs
  void* worker = nullptr;     // the executor's, if the thread is one of its own
  bool node_thread = false;   // the thread runs the node's loop
  std::uint64_t task = 0;     // number of the handler that awaits, if one of those runs
};

inline Context& context() noexcept {
  static thread_local Context of_thread;
  return of_thread;
}

/// Works on something for a scope.
class ContextScope {
 public:
  ContextScope(NodeCore* node, LocalCell* cell) noexcept
      : node_{std::exchange(context().node, node)}, cell_{std::exchange(context().cell, cell)}, task_{std::exchange(context().task, 0)} {}
  ~ContextScope() {
    context().node = node_;
    context().cell = cell_;
    context().task = task_;
  }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  NodeCore* const node_;
  LocalCell* const cell_;
  const std::uint64_t task_;
};

}  // namespace troupe::detail
