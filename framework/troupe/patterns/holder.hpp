// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who holds or wants a lock: a thread, an actor or a handler that awaits, of a process whose death can be noticed.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/cell.hpp>

namespace troupe::detail {

struct Nothing {};

/// Stands for a process: it ends when that does.
class Presence final : public Actor<Presence, Nothing> {
 public:
  void on(const Nothing&) {}
};

/// Who calls.
struct Holder {
  Ref<Presence> process;
  std::uint64_t caller = 0;  // within it: a thread or, in a turn, the actor; in a Task that
  bool operator==(const Holder& other) const { return caller == other.caller && process == other.process; }
};

/// The process of `node`.
[[nodiscard]] Ref<Presence> this_process(NodeCore& node);
/// A number of the calling thread, of the Task that it runs, or of the actor whose turn it is, within this process. Never 0.
[[nodiscard]] std::uint64_t this_caller();
/// The caller, as seen by the owner behind `owner`.
[[nodiscard]] Holder this_holder(const CellPointer& owner);

}  // namespace troupe::detail
