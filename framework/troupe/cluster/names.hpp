// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names by which programs and hosts find each other's actors, queues and other handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/actor/monitor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/node.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/name.hpp>

namespace troupe {

namespace detail {

/// What stands behind a name.
struct NameEntry {
  std::uint64_t type = 0;
  std::uint64_t digest = 0;
  std::string type_name;
  std::vector<std::uint8_t> handle;
  std::uint64_t publication = 0;  // random: no other has it
};

template <class T>
[[nodiscard]] NameEntry make_name_entry(NodeCore& node, const T& handle) {
  const ContextScope of_node{&node, nullptr};
  const TypeName& type = type_name<T>();
  Encoded encoded;
  encode(encoded, handle);
  const auto* first = reinterpret_cast<const std::uint8_t*>(encoded.data());
  return {type.id, type.digest, std::string{type.name}, {first, first + encoded.size()}, 0};
}
/// @throws Malformed  it is of another type than `type`; the text names both
void check_name_entry(const std::string& name, const NameEntry& entry, const TypeName& type);
template <class T>
[[nodiscard]] T open_name_entry(NodeCore& node, const std::string& name, const NameEntry& entry) {
  check_name_entry(name, entry, type_name<T>());
  const ContextScope of_node{&node, nullptr};
  return decode<T>(std::as_bytes(std::span{entry.handle}));
}

/// @param of  with whose end the name goes too; null: with the node's only
void publish_name(NodeCore& node, const std::string& name, NameEntry entry, const CellPointer& of = {});
[[nodiscard]] NameEntry find_name(NodeCore& node, const std::string& name);
[[nodiscard]] NameEntry wait_for_name(NodeCore& node, const std::string& name, Duration patience);

template <class T>
struct FoundAs {
  using Type = T;
};
template <class A>
requires requires { typename A::TroupeProtocol; }
struct FoundAs<A> {
  using Type = Ref<A>;
};

}  // namespace detail

/// A name is there: for actors that `Node::watch_names` was called for, in their list of messages.
struct NameUp {
  std::string name;
  detail::NameEntry entry;

  /// What stands behind it, as `Node::find` brings it, of the running actor's node. @throws Malformed  it is of another type
  template <class T>
  [[nodiscard]] Found<T> as() const {
    return detail::open_name_entry<Found<T>>(this_node().core(), name, entry);
  }
};

/// A name has gone: with `unpublish`, or with the end of what it names or of who published it.
struct NameDown {
  std::string name;
};

namespace detail {

void watch_names(NodeCore& node, const std::string& prefix, const CellPointer& subscriber, Recipient<NameUp> up, Recipient<NameDown> down);
void unwatch_names(NodeCore& node, const CellPointer& subscriber);

}  // namespace detail

/// Has others find `handle`, a Ref, a Queue, a Dict, a Lock, whatever may be copied and sent: programs of this user on this host, or
/// all that share the directory, see docs/names.md. The name is free again after `unpublish`, with the end of what it names, and with
/// that of this node or its process, however it comes.
/// @param name  up to 100 letters, digits, dots, hyphens and underscores; one for all kinds of handles
/// @throws Refused   somebody living has the name, or the handle takes more than 64 KiB. @throws Misuse  `name` is none
/// @throws NodeLost  the directory cannot be asked; nothing stays published
/// Blocks until the directory has answered.
template <class T>
void Node::publish(const std::string& name, const T& handle) {
  detail::check_message<T>();
  static_assert(std::is_copy_constructible_v<T>, "publish: what can only be moved belongs to one; publish a Listener for connections");
  detail::CellPointer of;
  if constexpr (detail::NamesActor<T>) {
    of = handle.pointer();
  } else if constexpr (requires { handle.troupe_owner(); }) {
    of = handle.troupe_owner();
  }
  detail::publish_name(core(), name, detail::make_name_entry(core(), handle), of);
}

/// What was published under `name`, here or elsewhere: `find<Counter>` brings a `Ref<Counter>`, `find<Queue<int>>` the queue.
/// @throws NotFound   nobody living has the name. @throws Misuse  `name` is none
/// @throws Malformed  it is of another type; the text names both
/// @throws NodeLost   the directory cannot be asked
/// Blocks until the directory has answered: microseconds with files, a millisecond with etcd.
template <class T>
Found<T> Node::find(const std::string& name) {
  return detail::open_name_entry<Found<T>>(core(), name, detail::find_name(core(), name));
}

/// The same, once somebody has published it.
/// @param patience  longest wait
/// @throws Timeout   nobody has the name within `patience`
/// @throws NodeLost  the directory cannot be asked, after `patience` and up to a second more; before, if it cannot come back
/// @throws Malformed, Misuse  as `find`
template <class T>
Found<T> Node::wait_for(const std::string& name, Duration patience) {
  return detail::open_name_entry<Found<T>>(core(), name, detail::wait_for_name(core(), name, patience));
}

/// Has `subscriber`, an actor with NameUp, NameDown or both in its list, told of names that begin with `prefix`: first a NameUp for each
/// that there is, then what changes, in order for each name. A subscriber that is slow misses names that came and went meanwhile, but
/// never the last state. Ends with the subscriber. While the directory cannot be asked nothing is told; afterwards, what has changed.
/// @param prefix  empty: all names
/// @throws Misuse    it names nobody
/// @throws NodeLost  who keeps the names is on a host that no longer answers
template <class A>
void Node::watch_names(const Ref<A>& subscriber, const std::string& prefix) {
  constexpr bool up = A::TroupeProtocol::template contains<NameUp>;
  constexpr bool down = A::TroupeProtocol::template contains<NameDown>;
  static_assert(up || down, "an actor that watches names has NameUp or NameDown in its list: Actor<Self, ..., troupe::NameUp>");
  Recipient<NameUp> told_up;
  Recipient<NameDown> told_down;
  if constexpr (up) told_up = subscriber;
  if constexpr (down) told_down = subscriber;
  detail::watch_names(core(), prefix, subscriber.pointer(), std::move(told_up), std::move(told_down));
}

/// No NameUp or NameDown comes any more, but for one that is under way. @throws  as watch_names
template <class A>
void Node::unwatch_names(const Ref<A>& subscriber) {
  detail::unwatch_names(core(), subscriber.pointer());
}

}  // namespace troupe
