// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where connections are asked for: who accepts gets one end of a new pipe, who connects the other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/pipe.hpp>
#include <troupe/patterns/queue.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/name.hpp>

namespace troupe {

struct ListenerOptions {
  /// Connections that may wait to be accepted; then who connects waits. 100.
  std::uint64_t backlog = 100;
  /// For people.
  std::string name = "listener";
};

namespace detail {

/// What stands behind the name of a listener.
struct ListenerOnWire {
  std::uint64_t type = 0;  // of the items
  std::uint64_t digest = 0;
  std::string type_name;
  std::vector<std::uint8_t> queue;
};
/// Keeps `name` for as long as the actor behind `of` lives. @throws Refused, Misuse  see NameFile
void publish(const CellPointer& of, const std::string& name, const ListenerOnWire& content);
/// @throws NotFound  nobody has it. @throws Malformed  it is a listener for another type
[[nodiscard]] ListenerOnWire find_published(const std::string& name, const TypeName& type);

}  // namespace detail

/// A handle to a place where connections are asked for and accepted. Cheap to copy; may be an argument, a member, part of a message.
///
/// Lifetime: until `destroy`, or the end of the node that made it; the handle may outlive it. Then every member throws Closed, or
///           ActorDied if that node's process died.
/// Threads:  safe. Empty (default constructed): every member throws Misuse.
template <class T>
class Listener {
 public:
  Listener() noexcept = default;
  /// @throws Misuse  a backlog of zero. @throws Closed  the node is ending
  explicit Listener(Node& node, ListenerOptions options = {})
      : waiting_{node, {.capacity = options.backlog, .name = std::move(options.name)}} {}

  /// Has other programs of this user find it on this host, by `connect<T>(node, name)`. To be called in the node that made it; the
  /// name is free again when the listener ends, or its process.
  /// @throws Refused  a living process has the name. @throws Misuse  `name` is none, or the listener lives elsewhere
  void publish(const std::string& name) const {
    const detail::TypeName& type = detail::type_name<T>();
    detail::Encoded queue;
    detail::encode(queue, waiting_);
    const auto* first = reinterpret_cast<const std::uint8_t*>(queue.data());
    detail::publish(waiting_.queue_owner().pointer(), name, {type.id, type.digest, std::string{type.name}, {first, first + queue.size()}});
  }
  /// One that another program has published.
  /// @throws NotFound   nobody living has the name
  /// @throws Malformed  its connections carry another type than T
  [[nodiscard]] static Listener find(Node& node, const std::string& name) {
    const detail::ContextScope of_node{&node.core(), nullptr};
    const auto found = detail::find_published(name, detail::type_name<T>());
    Listener listener;
    detail::decode_into(std::as_bytes(std::span{found.queue}), listener.waiting_);
    return listener;
  }

  /// A connection that somebody has asked for, the first first. If who asked has died since, its end is the first that is received.
  /// @param patience  longest wait
  /// @throws Timeout  nobody asked within `patience`
  /// @throws Closed   the listener was closed
  [[nodiscard]] Connection<T> accept(Duration patience = forever) { return waiting_.get(patience); }
  /// The same, or nothing within `patience`.
  [[nodiscard]] std::optional<Connection<T>> try_accept_for(Duration patience) { return waiting_.try_get_for(patience); }

  /// Asks for a connection: one end of a new pipe, whose owner lives in the node of the caller. Its items wait for `accept`.
  /// @param patience  longest wait for room in the backlog
  /// @throws Full    no room within `patience`. @throws Closed  the listener was closed
  [[nodiscard]] Connection<T> connect(Duration patience = forever) {
    auto [ours, theirs] = pipe<T>(this_node(), {.claim_within = forever, .name = name()});
    waiting_.put_confirmed(std::move(theirs), patience);
    return std::move(ours);
  }

  /// Nobody is accepted any more; who waits to be is told.
  void close() { waiting_.destroy(); }
  [[nodiscard]] const std::string& name() const { return waiting_.name(); }
  explicit operator bool() const noexcept { return static_cast<bool>(waiting_); }
  friend bool operator==(const Listener& left, const Listener& right) { return left.waiting_ == right.waiting_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(waiting_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(waiting_);
  }

 private:
  Queue<Connection<T>> waiting_;
};

/// Connects to the listener that another program of this user has published on this host. @throws  as `Listener::find` and `connect`
template <class T>
[[nodiscard]] Connection<T> connect(Node& node, const std::string& name, Duration patience = forever) {
  return Listener<T>::find(node, name).connect(patience);
}

}  // namespace troupe
