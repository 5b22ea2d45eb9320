// troupe: actors in processes. Apache-2.0, see LICENSE.
// What an actor is told that watches others: Down, once per watch.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include <troupe/actor/protocol.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/wire/error.hpp>

namespace troupe {

namespace detail {

/// A Ref or a Recipient.
template <class Named>
concept NamesActor = requires(const Named& named) {
  { named.pointer() } -> std::same_as<const CellPointer&>;
};

}  // namespace detail

/// An actor that was watched has ended. A message: an actor that watches has it in its list.
///
/// It comes behind everything that the dead one told the watcher.
struct Down {
  Exit reason = Exit::gone;
  /// That ended its process; 0: none did.
  int signal = 0;
  /// Of its process, if that ended by itself and not because its actor had.
  std::optional<int> exit_code = {};
  /// For people: its class and number.
  std::string actor = {};
  /// What an ask to it is told now; for a failed one the cause is what it threw.
  ErrorInfo error = {};
  detail::Address address = {};

  /// Whether it is about the actor that `ref` names.
  template <class Named>
  requires detail::NamesActor<Named>
  [[nodiscard]] bool is(const Named& ref) const { return ref && ref.pointer()->address() == address; }
};

namespace detail {

[[nodiscard]] Down describe_down(const Cell& target, const Ending& ending);

/// @throws Misuse  `target` is null
void watch(LocalCell& watcher, const CellPointer& target, void (*told)(LocalCell&, const Cell&, const Ending&));
void unwatch(LocalCell& watcher, const CellPointer& target);

/// Hands a Down to an actor of class `A`, in its turn.
template <class A>
void tell_down(LocalCell& watcher, const Cell& target, const Ending& ending) {
  Down down = describe_down(target, ending);
  handle(*static_cast<A*>(watcher.actor()), down, Turn{watcher, nullptr, nullptr, 0, nullptr});
}

}  // namespace detail
}  // namespace troupe
