// troupe: actors in processes. Apache-2.0, see LICENSE.
// Publish and subscribe: one owner actor, any number of Topic<M> handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <troupe/actor/ref.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/topic_owner.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

struct TopicOptions {
  /// What happens while a subscriber does not keep up.
  SlowSubscriber slow = SlowSubscriber::wait;
  /// Messages that wait for a slow subscriber before the oldest is dropped, beside the 64 that are on their way to it.
  std::uint64_t keep = 1000;
  /// For people.
  std::string name = "topic";
  /// Where the owner lives.
  Place place = here;
};

/// A handle to a topic that lives in an actor of its own. Cheap to copy; may be an argument, a member, part of a message.
/// A subscriber gets every message that is published after it subscribed, those of one publisher in their order. Who has died
/// is no subscriber any more.
///
/// Lifetime: the topic lives until `destroy` or until the node ends that made it; the handle may outlive it. Then `publish`
///           is a dead letter, and the other members throw Closed, or ActorDied if the owner's process died.
/// Threads:  safe, distinct handles and one handle alike.
/// Empty (default constructed): every member throws Misuse.
template <class M>
class Topic {
  using Owner = detail::TopicOwner<M>;

 public:
  Topic() noexcept = default;
  /// Makes a topic. @throws Closed  the node is ending
  explicit Topic(Node& node, TopicOptions options = {})
      : owner_{detail::spawn_owner<Owner>(node, options.place, options.slow, options.keep)}, name_{std::move(options.name)} {
    detail::check_message<M>();
  }

  /// Sends `message` to all who have subscribed by then. Returns once the topic has accepted it, as `Ref::tell` does.
  /// @param patience  longest wait for room: there is none while a slow subscriber keeps the topic waiting
  /// @throws Full  no room within `patience`; nobody gets it
  void publish(M message, Duration patience = default_patience) const {
    owner().tell(detail::TopicPublish<M>{std::move(message)}, patience);
  }
  /// Everything that is published from now on is told to `subscriber`; once, however often it subscribes.
  /// Blocks until the topic has noted it, for 30 s at most.
  /// @throws Timeout  the topic does not answer, `subscriber` may have been noted
  void subscribe(const Recipient<M>& subscriber) const { owner().ask(detail::TopicSubscribe<M>{checked(subscriber)}).get(); }
  /// What is published from now on does not reach `subscriber` any more; what was before may still. Blocks as `subscribe`.
  void unsubscribe(const Recipient<M>& subscriber) const { owner().ask(detail::TopicUnsubscribe<M>{checked(subscriber)}).get(); }

  [[nodiscard]] std::size_t subscribers() const { return static_cast<std::size_t>(look().subscribers); }
  /// Messages that slow subscribers have missed so far, all together.
  [[nodiscard]] std::uint64_t dropped() const { return look().dropped; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Ends the topic.
  void destroy() const { owner().stop(); }
  [[nodiscard]] const detail::CellPointer& troupe_owner() const { return owner().pointer(); }

  explicit operator bool() const noexcept { return static_cast<bool>(owner_); }
  friend bool operator==(const Topic& left, const Topic& right) { return left.owner_ == right.owner_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(owner_, name_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(owner_, name_);
  }

 private:
  [[nodiscard]] const Ref<Owner>& owner() const {
    if (!owner_) detail::raise_no_owner("topic");
    return owner_;
  }
  [[nodiscard]] detail::TopicLooks look() const { return owner().ask(detail::TopicLook{}).get(); }
  static const Recipient<M>& checked(const Recipient<M>& subscriber) {
    if (!subscriber) detail::raise_null_ref();
    return subscriber;
  }

  Ref<Owner> owner_;
  std::string name_;
};

}  // namespace troupe
