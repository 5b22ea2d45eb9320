// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/dead_letter.hpp>

#include <troupe/node/core.hpp>

namespace troupe {

namespace {

detail::LocalCell& cell_of(const Recipient<DeadLetter>& subscriber, const detail::NodeCore& node) {
  const auto& cell = subscriber.pointer();
  if (!cell) detail::raise_null_ref();
  if (!cell->local() || &cell->node() != &node)
    throw Misuse{"dead letters of a node are told to actors of that node; let one hand them on"};
  return static_cast<detail::LocalCell&>(*cell);
}

}  // namespace

// NOLINTNEXTLINE(readability-make-member-function-const): it changes what the node does
void Node::watch_dead_letters(const Recipient<DeadLetter>& subscriber) {
  detail::LocalCell& cell = cell_of(subscriber, core());
  core().dead_letter_box().subscribe(cell, *detail::handler_for(subscriber.pointer(), detail::type_name<DeadLetter>()));
}

// NOLINTNEXTLINE(readability-make-member-function-const): it changes what the node does
void Node::unwatch_dead_letters(const Recipient<DeadLetter>& subscriber) {
  core().dead_letter_box().unsubscribe(cell_of(subscriber, core()));
}

}  // namespace troupe
