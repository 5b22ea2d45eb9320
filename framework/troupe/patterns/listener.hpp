// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where connections are asked for: who accepts gets one end of a new pipe, who connects the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <troupe/cluster/names.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/pipe.hpp>
#include <troupe/patterns/queue.hpp>

namespace troupe {

struct ListenerOptions {
  /// Connections that may wait to be accepted; then who connects waits. 100.
  std::uint64_t backlog = 100;
  /// For people.
  std::string name = "listener";
};

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

  /// Has other programs of this user find it on this host, by `connect<T>(node, name)`. @throws  as `Node::publish`
  void publish(const std::string& name) const {
    detail::NodeCore& node = troupe_owner()->node();
    detail::publish_name(node, name, detail::make_name_entry(node, *this), troupe_owner());
  }
  /// One that another program has published.
  /// @throws NotFound   nobody living has the name
  /// @throws Malformed  its connections carry another type than T
  [[nodiscard]] static Listener find(Node& node, const std::string& name) { return node.find<Listener>(name); }

  /// A connection that somebody has asked for, the first first. If who asked has died since, its end is the first that is received.
  /// @param patience  longest wait
  /// @throws Timeout  nobody asked within `patience`
  /// @throws Closed   the listener was closed
  [[nodiscard]] Connection<T> accept(Duration patience = forever) { return waiting_.get(patience); }
  /// The same, or nothing within `patience`.
  [[nodiscard]] std::optional<Connection<T>> try_accept_for(Duration patience) { return waiting_.try_get_for(patience); }

  /// Asks for a connection: one end of a new pipe, whose owner lives in the node of the caller. Its items wait for `accept`; with
  /// that node ends what was not received, so who ends after sending waits for the close of the other end.
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
  [[nodiscard]] const detail::CellPointer& troupe_owner() const { return waiting_.troupe_owner(); }
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
