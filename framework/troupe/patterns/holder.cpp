// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/holder.hpp>

#include <atomic>

#include <troupe/actor/spawn.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

constexpr std::uint64_t actors = std::uint64_t{1} << 63U;
constexpr std::uint64_t tasks = std::uint64_t{1} << 62U;

std::uint64_t this_thread_number() {
  static std::atomic<std::uint64_t> last{0};
  static thread_local const std::uint64_t number = last.fetch_add(1) + 1;
  return number;
}

}  // namespace

std::uint64_t this_caller() {
  if (context().task != 0) return tasks | context().task;
  const LocalCell* cell = context().cell;
  return cell != nullptr ? actors | cell->id() : this_thread_number();
}

namespace {

CellPointer make_presence(NodeCore& node) {
  const ContextScope outside_of_actors{&node, nullptr};
  auto make = [] { return make_actor<Presence>(); };
  ConstructionOf<Presence, decltype(make)> construction{make};
  return spawn_here(node, behaviour_of<Presence>(), construction);
}

}  // namespace

Ref<Presence> this_process(NodeCore& node) { return Ref<Presence>{node.resident(&make_presence)}; }

Holder this_holder(const CellPointer& owner) {
  const LocalCell* cell = context().cell;
  NodeCore& node = cell != nullptr ? cell->node() : owner->node();
  return {this_process(node), this_caller()};
}

}  // namespace troupe::detail
