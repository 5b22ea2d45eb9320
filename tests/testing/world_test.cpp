// troupe: actors in processes. Apache-2.0, see LICENSE.
// The test kit itself: virtual time, single steps, what breaks between nodes, and that a seed brings it all again.
#include "catch.hpp"

#include <troupe/testing.hpp>
#include <troupe/troupe.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using testing::World;

namespace {

struct Add {
  int by = 1;
};
struct Get {};
class Counter : public Actor<Counter, Add, Get> {
 public:
  void on(const Add& add) { count_ += add.by; }
  int on(const Get&) const { return count_; }

 private:
  int count_ = 0;
};

/// Asks another counter, from its own node.
struct GetThere {};
struct AwaitThere {};
struct AddThere {};
class Client : public Actor<Client, GetThere, AwaitThere, AddThere> {
 public:
  explicit Client(Ref<Counter> there) : there_{std::move(there)} {}
  int on(const GetThere&) const { return there_.ask(Get{}).get(); }
  Task<int> on(AwaitThere) { co_return co_await there_.ask(Get{}); }
  void on(const AddThere&) const { there_.tell(Add{}); }

 private:
  Ref<Counter> there_;
};

struct Beat {};
struct Beats {};
class Clockwork : public Actor<Clockwork, Beat, Beats, Get> {
 public:
  explicit Clockwork(Duration period) { every(period, Beat{}); }
  void on(const Beat&) { ++beats_; }
  int on(const Beats&) const { return beats_; }
  int on(const Get&) const { return beats_; }

 private:
  int beats_ = 0;
};

struct Begin {};
struct Ring {};
class Alarm : public Actor<Alarm, Begin, Ring, Get> {
 public:
  void on(const Begin&) { send_after(10s, Ring{}); }
  void on(const Ring&) { rung_ = true; }
  bool on(const Get&) const { return rung_; }

 private:
  bool rung_ = false;
};

struct Never {};
class Silent : public Actor<Silent, Never> {
 public:
  Future<int> on(const Never&) {
    kept_.emplace_back();
    return kept_.back().future();
  }

 private:
  std::vector<Promise<int>> kept_;
};

struct Fail {};
class Fragile : public Actor<Fragile, Fail, Get> {
 public:
  explicit Fragile(std::shared_ptr<std::vector<TimePoint>> made, World* world) { made->push_back(world->now()); }
  void on(const Fail&) { throw std::runtime_error{"boom"}; }
  int on(const Get&) const { return 1; }
};

class Witness : public Actor<Witness, Down> {
 public:
  Witness(const Ref<Counter>& of, std::shared_ptr<std::vector<Exit>> seen) : seen_{std::move(seen)} { watch(of); }
  void on(const Down& down) { seen_->push_back(down.reason); }

 private:
  std::shared_ptr<std::vector<Exit>> seen_;
};

struct Quiet {
  Quiet() {
    set_log_sink([](LogLevel, std::string_view) {});
  }
  ~Quiet() { set_log_sink({}); }
};

}  // namespace

TEST_CASE("an ask in a World is answered on the thread that waits for it") {
  World world{1};
  const auto counter = world.node("a").spawn<Counter>();

  counter.tell(Add{2});
  counter.tell(Add{3});

  CHECK(counter.ask(Get{}).get() == 5);
}

TEST_CASE("actors of two nodes of a World talk through their connection") {
  World world{1};
  const auto counter = world.node("b").spawn<Counter>();
  const auto client = world.node("a").spawn<Client>(counter);

  client.tell(AddThere{});
  world.run();

  CHECK(client.ask(GetThere{}).get() == 1);
  CHECK(client.ask(AwaitThere{}).get() == 1);
  CHECK(world.seen_from(world.node("a"), counter).ask(Get{}).get() == 1);
}

TEST_CASE("an hour passes in a World at once") {
  World world{1};
  const auto clockwork = world.node("a").spawn<Clockwork>(1s);
  const auto began = world.now();

  world.run_for(1h + 10ms);

  CHECK(world.now() - began >= 1h);
  CHECK(world.now() - began < 1h + 1s);
  CHECK(clockwork.ask(Beats{}).get() == 3600);
}

TEST_CASE("send_after in a World comes when its time has come, not before") {
  World world{1};
  const auto alarm = world.node("a").spawn<Alarm>();
  alarm.tell(Begin{});
  world.run();

  world.run_for(9s);
  CHECK_FALSE(alarm.ask(Get{}).get());
  world.run_for(2s);
  CHECK(alarm.ask(Get{}).get());
}

TEST_CASE("an ask that nobody answers in a World ends as Timeout at its virtual deadline") {
  World world{1};
  const auto silent = world.node("a").spawn<Silent>();
  const auto began = world.now();

  CHECK_THROWS_AS(silent.ask(Never{}, 30s).get(), Timeout);

  CHECK(world.now() - began >= 30s);
  CHECK(world.now() - began < 31s);
}

TEST_CASE("a wait without a deadline in a World where nothing will ever happen is misuse") {
  World world{1};
  const auto silent = world.node("a").spawn<Silent>();
  auto future = silent.ask(Never{}, forever);

  CHECK_THROWS_AS(future.get(), Misuse);
}

TEST_CASE("World::step takes one step at a time") {
  World world{1};
  const auto counter = world.node("a").spawn<Counter>();
  world.run();
  counter.tell(Add{});
  auto answer = counter.ask(Get{});

  std::uint64_t steps = 0;
  while (!answer.ready()) {
    const std::uint64_t before = world.steps();
    REQUIRE(world.step());
    CHECK(world.steps() == before + 1);
    ++steps;
  }

  CHECK(steps >= 2);
  CHECK(answer.get() == 1);
}

TEST_CASE("World::run ends with nothing left to do but timers") {
  World world{1};
  const auto counter = world.node("b").spawn<Counter>();
  const auto client = world.node("a").spawn<Client>(counter);
  world.faults({.delay_up_to = 50ms});
  for (int i = 0; i < 10; ++i) client.tell(AddThere{});

  world.run();

  auto answer = counter.ask(Get{});
  for (int i = 0; i < 3 && !answer.ready(); ++i) (void)world.step();
  CHECK(answer.get() == 10);
}

TEST_CASE("a World by the same seed takes the same steps, by another one others") {
  const auto trace = [](std::uint64_t seed) {
    World world{seed};
    std::vector<std::string> lines;
    world.narrate([&](std::string_view line) { lines.emplace_back(line); });
    const auto counter = world.node("c").spawn<Counter>();
    std::vector<Ref<Client>> clients;
    for (const char* name : {"a", "b"})
      for (int i = 0; i < 3; ++i) clients.push_back(world.node(name).spawn<Client>(counter));
    world.faults({.drop = 0.05, .duplicate = 0.05, .delay_up_to = 20ms});
    for (int i = 0; i < 20; ++i)
      for (const auto& client : clients) client.tell(AddThere{});
    world.run();
    return lines;
  };

  const auto first = trace(7);
  CHECK(first.size() > 100);
  CHECK(trace(7) == first);
  CHECK(trace(8) != first);
}

TEST_CASE("what a cut connection has lost is sent again") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    World world{seed};
    const auto counter = world.node("b").spawn<Counter>();
    const auto client = world.node("a").spawn<Client>(counter);
    world.faults({.delay_up_to = 10ms});
    for (int i = 0; i < 50; ++i) {
      client.tell(AddThere{});
      world.run_for(1ms);
      if (i % 10 == 5) world.cut("a", "b");
    }

    world.run();

    CHECK(counter.ask(Get{}).get() == 50);
  }
}

TEST_CASE("nothing passes through a partition, and everything after it") {
  World world{3};
  const auto counter = world.node("b").spawn<Counter>();
  const auto client = world.node("a").spawn<Client>(counter);
  CHECK(client.ask(GetThere{}).get() == 0);

  world.partition({{"a"}, {"b"}});
  client.tell(AddThere{});
  world.run_for(5s);
  CHECK(counter.ask(Get{}).get() == 0);
  world.heal();
  world.run_for(5s);
  CHECK(counter.ask(Get{}).get() == 1);
}

TEST_CASE("a partition of more than dead_after ends asks as unreachable or died") {
  const Quiet quiet;
  World world{3};
  const auto counter = world.node("b").spawn<Counter>();
  const auto client = world.node("a").spawn<Client>(counter);
  CHECK(client.ask(GetThere{}).get() == 0);

  world.partition({{"a"}, {"b"}});
  const auto result = client.ask(AwaitThere{}, 60s).result();

  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().what.find("dead_after") != std::string::npos);
}

TEST_CASE("who watches an actor of a killed node is told once, and a node of the same name is a new one") {
  const Quiet quiet;
  World world{4};
  const auto counter = world.node("b").spawn<Counter>();
  const auto seen = std::make_shared<std::vector<Exit>>();
  (void)world.node("a").spawn<Witness>(counter, seen);
  world.run();

  world.kill("b");
  world.run_for(20s);

  CHECK(seen->size() == 1);
  CHECK(world.node("b").spawn<Counter>().ask(Get{}).get() == 0);
  CHECK_THROWS_AS(world.kill("c"), Misuse);
}

TEST_CASE("who watches an actor of a node that ended in order hears that it was in order") {
  World world{4};
  const auto counter = world.node("b").spawn<Counter>();
  const auto seen = std::make_shared<std::vector<Exit>>();
  (void)world.node("a").spawn<Witness>(counter, seen);
  world.run();

  world.end("b");
  world.run_for(1s);

  CHECK(*seen == std::vector<Exit>{Exit::normal});
}

TEST_CASE("the pauses of a supervisor pass in virtual time") {
  const Quiet quiet;
  World world{5};
  const auto made = std::make_shared<std::vector<TimePoint>>();
  Supervisor supervisor{world.node("a"), {.max_restarts = 10, .within = 1h, .backoff = 10s, .max_backoff = 1min}};
  const auto fragile = supervisor.spawn<Fragile>(made, &world);

  for (int i = 0; i < 4; ++i) {
    fragile.tell(Fail{});
    CHECK(fragile.ask(Get{}, 10min).get() == 1);
  }

  REQUIRE(made->size() == 5);
  for (std::size_t i = 1; i < made->size(); ++i) CHECK((*made)[i] - (*made)[i - 1] >= 5s);
  CHECK((*made)[4] - (*made)[0] >= 30s);
}

TEST_CASE("queues, locks and values work between nodes of a World") {
  World world{6};
  Queue<int> queue{world.node("a")};
  Lock lock{world.node("a")};
  Value<int> value{world.node("b"), 3};

  queue.put(1);
  queue.put(2);
  lock.lock();
  lock.unlock();
  value += 4;

  CHECK(queue.get() == 1);
  CHECK(queue.get() == 2);
  CHECK(value.get() == 7);
  CHECK_FALSE(queue.try_get_for(1h).has_value());
}

TEST_CASE("callbacks of futures run in a World's steps") {
  World world{7};
  const auto counter = world.node("a").spawn<Counter>();
  int seen = -1;
  counter.ask(Get{}).then([&](const Result<int>& result) { seen = *result; });

  CHECK(seen == -1);
  world.run();
  CHECK(seen == 0);
}

TEST_CASE("a World has no processes") {
  World world{8};

  CHECK_THROWS_AS(world.node("a").spawn<Counter>(own_process), Misuse);
}

TEST_CASE("a node of a World can be drained") {
  World world{9};
  const auto counter = world.node("a").spawn<Counter>();
  for (int i = 0; i < 100; ++i) counter.tell(Add{});

  CHECK(world.node("a").drain(10s).quiet());
  CHECK(world.seen_from(world.node("b"), counter).ask(Get{}).get() == 100);
}

TEST_CASE("a plain thread that waits for room in a World has it made") {
  World world{10};
  const auto counter = world.node("a").spawn<Counter>();

  for (int i = 0; i < 5000; ++i) counter.tell(Add{});

  CHECK(counter.ask(Get{}).get() == 5000);
}
