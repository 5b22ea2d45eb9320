// troupe: actors in processes. Apache-2.0, see LICENSE.
// To wait for whichever comes first: an answer, an item, something to receive, the end of a process.
#pragma once

#include <concepts>
#include <cstddef>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/node/bells.hpp>
#include <troupe/node/clock.hpp>

namespace troupe {

namespace detail {

/// What `wait_any` needs of a type; a Process has it, a Connection and a Queue.
template <class T>
concept CanBeAwaited = requires(T& object, const Bell& bell) {
  { object.troupe_node() } -> std::same_as<NodeCore&>;
  { object.troupe_ready() } -> std::same_as<bool>;
  object.troupe_ring(bell);
};

}  // namespace detail

/// Something that `wait_any` waits for; made of a Future, Queue, Connection or Process, which it refers to.
class Waitable {
 public:
  template <detail::CanBeAwaited T>
  Waitable(T& object)  // NOLINT(google-explicit-constructor): every such object is one
      : object_{&object},
        node_{[](const void* of) -> detail::NodeCore& { return to<T>(of).troupe_node(); }},
        ready_{[](const void* of) { return to<T>(of).troupe_ready(); }},
        ring_{[](const void* of, const detail::Bell& bell) { to<T>(of).troupe_ring(bell); }} {}

  /// @throws Misuse  the future is empty
  template <class T>
  Waitable(const Future<T>& future)  // NOLINT(google-explicit-constructor)
      : Waitable{future.shared_state()} {}

  [[nodiscard]] detail::NodeCore& node() const { return node_(object_); }
  [[nodiscard]] bool ready() const { return ready_(object_); }
  /// `bell` rings when it may be ready; at once, if it may have become so meanwhile.
  void ring(const detail::Bell& bell) const { ring_(object_, bell); }

 private:
  explicit Waitable(detail::FutureState& future) noexcept;
  template <class T>
  static T& to(const void* object) {
    return *static_cast<T*>(const_cast<void*>(object));
  }

  const void* object_;
  detail::NodeCore& (*node_)(const void* object);
  bool (*ready_)(const void* object);
  void (*ring_)(const void* object, const detail::Bell& bell);
};

/// Waits until at least one of `objects` is ready: a future that has ended, a queue whose `get` would not wait, a connection whose
/// `recv` would not, a process that has ended.
///
///     for (const std::size_t ready : troupe::wait_any({answer, queue, connection, process}, 5s)) ...
///     troupe::wait_any({connections.begin(), connections.end()});
///
/// Consumes nothing: another getter of a queue may be faster. Who has many at once for good is better off with an actor that is told.
/// @param objects   must stand until it returns; none: it waits for `patience`
/// @param patience  longest wait; zero or less: it only looks
/// @returns the places in `objects` of all that are ready, in order; empty: none within `patience`
/// @throws Misuse  one of them is empty; none are given, without a limit; from elsewhere what looking at them throws
/// Blocks the calling thread.
[[nodiscard]] std::vector<std::size_t> wait_any(const std::vector<Waitable>& objects, Duration patience = forever);

}  // namespace troupe
