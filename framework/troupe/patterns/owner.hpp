// troupe: actors in processes. Apache-2.0, see LICENSE.
// How the owner of a pattern begins, and how those wait who use it.
#pragma once

#include <string_view>
#include <utility>

#include <troupe/actor/future.hpp>
#include <troupe/actor/spawn.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/node.hpp>

namespace troupe::detail {

/// Starts an owner: it is nobody's child, also when an actor makes it, and lives until its node's end.
template <class A, class... Args>
Ref<A> spawn_owner(Node& node, Place place, Args&&... args) {
  const ContextScope outside_of_actors{&node.core(), nullptr};
  return node.spawn<A>(place, std::forward<Args>(args)...);
}

/// Waits for other people's work: without end, but after `NodeOptions::say_waiting_after` a line says what for.
void wait_for_others(FutureState& state, std::string_view what, std::string_view name);

[[noreturn]] void raise_no_owner(std::string_view what);

}  // namespace troupe::detail
