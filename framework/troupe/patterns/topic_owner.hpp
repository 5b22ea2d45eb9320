// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a topic: who subscribed, and what is still on its way to each of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/ref.hpp>

namespace troupe {

/// What a topic does while a subscriber does not keep up.
enum class SlowSubscriber : std::uint8_t {
  wait,         // everybody waits for it: nothing is lost
  drop_oldest,  // it misses the oldest of what waits for it; `dropped` counts
};

namespace detail {

template <class M>
struct TopicPublish {
  M message;
};
template <class M>
struct TopicSubscribe {
  Recipient<M> subscriber;
};
template <class M>
struct TopicUnsubscribe {
  Recipient<M> subscriber;
};
struct TopicLook {};
struct TopicLooks {
  std::uint64_t subscribers = 0;
  std::uint64_t dropped = 0;
};

template <class M>
class TopicOwner final : public Actor<TopicOwner<M>, TopicPublish<M>, TopicSubscribe<M>, TopicUnsubscribe<M>, TopicLook, Down> {
 public:
  TopicOwner(SlowSubscriber slow, std::uint64_t keep) : slow_{slow}, keep_{std::max<std::uint64_t>(keep, 1)} {}

  void on(const TopicPublish<M>& publish) {
    for (std::size_t i = 0; i < subscribers_.size(); ++i) {
      if (slow_ == SlowSubscriber::wait) {
        subscribers_[i]->recipient.tell(publish.message, forever);
      } else {
        offer(subscribers_[i], publish.message);
      }
    }
  }
  void on(const TopicSubscribe<M>& subscribe) {
    if (find(subscribe.subscriber) != subscribers_.end()) return;
    this->watch(subscribe.subscriber);
    subscribers_.push_back(std::make_shared<Subscriber>(Subscriber{subscribe.subscriber, {}, 0}));
  }
  void on(const TopicUnsubscribe<M>& unsubscribe) {
    if (const auto found = find(unsubscribe.subscriber); found != subscribers_.end()) subscribers_.erase(found);
    this->unwatch(unsubscribe.subscriber);
  }
  void on(const Down& down) {
    std::erase_if(subscribers_, [&](const auto& each) { return down.is(each->recipient); });
  }
  TopicLooks on(const TopicLook&) const { return {subscribers_.size(), dropped_}; }

 private:
  struct Subscriber {
    Recipient<M> recipient;
    std::deque<M> waiting;
    std::size_t under_way = 0;
  };
  /// Sent to a subscriber that drops, and not handled yet: what it is at, and what hides the way there.
  static constexpr std::size_t most_under_way = 64;

  auto find(const Recipient<M>& recipient) {
    return std::find_if(subscribers_.begin(), subscribers_.end(), [&](const auto& each) { return each->recipient == recipient; });
  }

  void offer(const std::shared_ptr<Subscriber>& subscriber, const M& message) {
    if (subscriber->under_way < most_under_way) {
      send(subscriber, message);
      return;
    }
    if (subscriber->waiting.size() >= keep_) {
      subscriber->waiting.pop_front();
      ++dropped_;
    }
    subscriber->waiting.push_back(message);
  }
  void send(const std::shared_ptr<Subscriber>& subscriber, M message) {
    ++subscriber->under_way;
    subscriber->recipient.ask(std::move(message), forever).then([this, subscriber](const Result<void>&) {
      --subscriber->under_way;
      if (subscriber->waiting.empty()) return;
      M next = std::move(subscriber->waiting.front());
      subscriber->waiting.pop_front();
      send(subscriber, std::move(next));
    });
  }

  const SlowSubscriber slow_;
  const std::uint64_t keep_;
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  std::uint64_t dropped_ = 0;
};

}  // namespace detail
}  // namespace troupe
