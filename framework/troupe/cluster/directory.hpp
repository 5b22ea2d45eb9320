// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names by which programs that were started apart find each other's actors, queues and other handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
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
};

template <class T>
[[nodiscard]] NameEntry make_name_entry(NodeCore& node, const T& handle) {
  const ContextScope of_node{&node, nullptr};
  const TypeName& type = type_name<T>();
  Encoded encoded;
  encode(encoded, handle);
  const auto* first = reinterpret_cast<const std::uint8_t*>(encoded.data());
  return {type.id, type.digest, std::string{type.name}, {first, first + encoded.size()}};
}
template <class T>
[[nodiscard]] T open_name_entry(NodeCore& node, const NameEntry& entry) {
  const ContextScope of_node{&node, nullptr};
  return decode<T>(std::as_bytes(std::span{entry.handle}));
}

/// @param of  with whose end the name goes too; null: with the node's only
void publish_name(NodeCore& node, const std::string& name, NameEntry entry, CellPointer of = {});
/// @throws NotFound  it is none of this node's
void unpublish_name(NodeCore& node, const std::string& name);
/// What stands behind a name, which is of type `type`.
[[nodiscard]] NameEntry find_name(const std::string& name, const TypeName& type);
[[nodiscard]] NameEntry wait_for_name(NodeCore& node, const std::string& name, const TypeName& type, Duration patience);

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

/// Has other programs of this user find `handle` on this host: a Ref, a Queue, a Dict, a Lock, whatever may be copied and sent.
/// The name is free again after `unpublish`, with the end of what it names, and with that of this node or its process, however it
/// comes.
/// @param name  up to 100 letters, digits, dots, hyphens and underscores; one for all kinds of handles
/// @throws Refused  somebody living has the name. @throws Misuse  `name` is none
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
  detail::publish_name(core(), name, detail::make_name_entry(core(), handle), std::move(of));
}

/// What was published under `name`, here or by another program: `find<Counter>` brings a `Ref<Counter>`, `find<Queue<int>>` the queue.
/// @throws NotFound   nobody living has the name. @throws Misuse  `name` is none
/// @throws Malformed  it is of another type; the text names both
/// Does not block.
template <class T>
Found<T> Node::find(const std::string& name) {
  return detail::open_name_entry<Found<T>>(core(), detail::find_name(name, detail::type_name<Found<T>>()));
}

/// The same, once somebody has published it.
/// @param patience  longest wait
/// @throws Timeout  nobody has the name within `patience`. @throws Malformed, Misuse  as `find`
template <class T>
Found<T> Node::wait_for(const std::string& name, Duration patience) {
  return detail::open_name_entry<Found<T>>(core(), detail::wait_for_name(core(), name, detail::type_name<Found<T>>(), patience));
}

}  // namespace troupe
