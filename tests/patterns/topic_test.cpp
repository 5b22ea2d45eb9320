// troupe: actors in processes. Apache-2.0, see LICENSE.
// Topics: who gets what, in which order, and what becomes of slow and dead subscribers.
#include "actor/stage.hpp"

#include <atomic>
#include <string>
#include <vector>

using troupe::Topic;

namespace {

struct Reading {
  int publisher = 0;
  int value = 0;
};
struct All {};
struct Subscribe {
  Topic<Reading> topic;
};
struct Leave {
  Topic<Reading> topic;
};

class Listener : public troupe::Actor<Listener, Reading, All, Subscribe, Leave> {
 public:
  void on(const Reading& reading) { values_.push_back(reading.publisher * 1000 + reading.value); }
  std::vector<int> on(const All&) const { return values_; }
  void on(const Subscribe& subscribe) { subscribe.topic.subscribe(self()); }
  void on(const Leave& leave) { leave.topic.unsubscribe(self()); }

 private:
  std::vector<int> values_;
};

struct Publish {
  Topic<Reading> topic;
  int publisher = 0;
  int count = 0;
};
class Publisher : public troupe::Actor<Publisher, Publish> {
 public:
  void on(const Publish& publish) {
    for (int i = 0; i < publish.count; ++i) publish.topic.publish({publish.publisher, i});
  }
};

/// Handles one reading for each that it is let.
std::atomic<int> let{0};
class Slow : public troupe::Actor<Slow, Reading, All> {
 public:
  explicit Slow(Topic<Reading> topic) { topic.subscribe(self()); }
  void on(const Reading& reading) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (let.load() <= 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
    --let;
    values_.push_back(reading.value);
  }
  std::vector<int> on(const All&) const { return values_; }

 private:
  std::vector<int> values_;
};

Topic<Reading> topic_at(Stage& stage, Where where) {
  return Topic<Reading>{stage.node, {.name = "weather", .place = where == Where::here ? troupe::here : troupe::own_process}};
}

}  // namespace

TEST_CASE("a subscriber gets what is published after it subscribed and before it left") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const auto topic = topic_at(stage, where);
  const auto listener = stage.spawn<Listener>();
  topic.publish({0, 1});
  CHECK(topic.subscribers() == 0);

  listener.ask(Subscribe{topic}).get();
  listener.ask(Subscribe{topic}).get();
  CHECK(topic.subscribers() == 1);
  topic.publish({0, 2});
  topic.publish({0, 3});
  CHECK(eventually([&] { return listener.ask(All{}).get().size() == 2; }));
  listener.ask(Leave{topic}).get();
  topic.publish({0, 4});

  CHECK(topic.subscribers() == 0);
  CHECK(listener.ask(All{}).get() == std::vector<int>{2, 3});
}

TEST_CASE("every subscriber gets everything, that of one publisher in its order") {
  const Where where = GENERATE(every_place);
  constexpr int each = 200;
  Stage stage{where};
  const auto topic = topic_at(stage, where);
  std::vector<troupe::Ref<Listener>> listeners;
  for (int i = 0; i < 2; ++i) listeners.push_back(stage.spawn<Listener>());
  listeners.push_back(stage.node.spawn<Listener>());
  for (const auto& listener : listeners) topic.subscribe(listener);
  REQUIRE(topic.subscribers() == 3);

  std::vector<troupe::Future<void>> done;
  for (int i = 0; i < 2; ++i) done.push_back(stage.spawn<Publisher>().ask(Publish{topic, i, each}));
  for (auto& publisher : done) publisher.get();

  for (const auto& listener : listeners) {
    CHECK(eventually([&] { return listener.ask(All{}).get().size() == 2 * each; }));
    std::vector<int> next(2, 0);
    for (const int value : listener.ask(All{}).get()) {
      int& expected = next[static_cast<std::size_t>(value / 1000)];
      CHECK(value % 1000 == expected);
      ++expected;
    }
  }
}

TEST_CASE("a slow subscriber misses the oldest, counted, and holds nobody up") {
  Stage stage;
  const Topic<Reading> topic{stage.node, {.slow = troupe::SlowSubscriber::drop_oldest, .keep = 10}};
  let = 0;
  const auto slow = stage.node.spawn<Slow>(topic);
  const auto listener = stage.node.spawn<Listener>();
  topic.subscribe(listener);

  for (int i = 0; i < 200; ++i) {
    topic.publish({0, i});
    REQUIRE(eventually([&] { return listener.ask(All{}).get().size() == static_cast<std::size_t>(i + 1); }));
  }
  CHECK(topic.dropped() == 200 - 64 - 10);
  let = 1000;

  CHECK(eventually([&] { return slow.ask(All{}, 60s).get().size() == 74; }));
  const auto values = slow.ask(All{}).get();
  CHECK(values[63] == 63);
  CHECK(values[64] == 190);
  CHECK(values.back() == 199);
}

TEST_CASE("a slow subscriber is waited for, and loses nothing") {
  Stage stage{Where::here, {.mailbox_messages = 4, .outbox_messages = 4}};
  const Topic<Reading> topic{stage.node};
  let = 0;
  const auto slow = stage.node.spawn<Slow>(topic);
  int published = 0;
  while (published < 1000) {
    try {
      topic.publish({0, published}, 20ms);
      ++published;
    } catch (const troupe::Full&) {
      break;
    }
  }
  CHECK(published < 100);
  let = 1000;
  for (int i = 0; i < 100; ++i) topic.publish({0, published++});

  CHECK(eventually([&] { return slow.ask(All{}, 60s).get().size() == static_cast<std::size_t>(published); }));
  const auto values = slow.ask(All{}).get();
  for (int i = 0; i < published; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
  CHECK(topic.dropped() == 0);
}

TEST_CASE("a subscriber that has ended is none any more, wherever it lived") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const auto topic = topic_at(stage, where);
  const auto stops = stage.spawn<Listener>();
  const auto dies = stage.spawn<Listener>();
  const auto lives = stage.spawn<Listener>();
  for (const auto& listener : {stops, dies, lives}) topic.subscribe(listener);
  REQUIRE(topic.subscribers() == 3);

  stops.stop();
  CHECK(eventually([&] { return topic.subscribers() == 2; }));
  dies.kill();
  CHECK(eventually([&] { return topic.subscribers() == 1; }));

  topic.publish({0, 1});
  CHECK(eventually([&] { return lives.ask(All{}).get().size() == 1; }));
}

TEST_CASE("an empty topic is misused by every call, and so is nobody as a subscriber") {
  const Topic<Reading> none;
  CHECK_FALSE(none);
  CHECK_THROWS_AS(none.publish({}), troupe::Misuse);
  CHECK_THROWS_AS(none.subscribers(), troupe::Misuse);
  Stage stage;
  const Topic<Reading> topic{stage.node};
  CHECK_THROWS_AS(topic.subscribe({}), troupe::Misuse);
  CHECK_THROWS_AS(none.subscribe(stage.spawn<Listener>()), troupe::Misuse);
}

TEST_CASE("a topic that has ended says so") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const auto topic = topic_at(stage, where);

  topic.destroy();

  CHECK_THROWS_AS(topic.subscribers(), troupe::Closed);
  CHECK_THROWS_AS(topic.subscribe(stage.spawn<Listener>()), troupe::Closed);
}
