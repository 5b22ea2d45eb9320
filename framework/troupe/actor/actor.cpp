// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/actor.hpp>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

LocalCell* constructing_cell() {
  LocalCell* cell = context().cell;
  if (cell == nullptr) throw Misuse{"an actor is made by spawn: node.spawn<Counter>(...)"};
  return cell;
}

}  // namespace

ActorBase::ActorBase() : cell_{constructing_cell()} {}

Node& node_of(const LocalCell& cell) { return cell.node().node(); }

}  // namespace troupe::detail
