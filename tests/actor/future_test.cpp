// troupe: actors in processes. Apache-2.0, see LICENSE.
// How long an answer is waited for, what becomes of it, and who hears of it.
#include "stage.hpp"

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace troupe;

namespace {

struct Get {};
struct Nap {
  int milliseconds = 0;
};
struct Begun {};
struct Refuse {};

class Sleeper : public Actor<Sleeper, Get, Nap, Begun, Refuse> {
 public:
  int on(const Get&) { return ++begun_; }
  int on(const Nap& nap) {
    ++begun_;
    std::this_thread::sleep_for(std::chrono::milliseconds{nap.milliseconds});
    return nap.milliseconds;
  }
  int on(const Begun&) const { return begun_; }
  int on(const Refuse&) const { throw std::invalid_argument{"no"}; }

 private:
  int begun_ = 0;
};

struct Forward {
  int milliseconds = 0;
};
struct Seen {};
struct ThrowLater {};
struct AskTimed {};
// Attaches callbacks in its handlers.
class Caller : public Actor<Caller, Forward, Seen, ThrowLater, AskTimed> {
 public:
  explicit Caller(Ref<Sleeper> sleeper) : sleeper_{std::move(sleeper)} {}
  void on(const Forward& forward) {
    sleeper_.ask(Nap{forward.milliseconds}).then([this](const Result<int>& answer) { seen_.push_back(answer.value_or(-1)); });
  }
  void on(const ThrowLater&) {
    sleeper_.ask(Get{}).then([](const Result<int>&) { throw std::runtime_error{"in a turn of mine"}; });
  }
  long on(const AskTimed&) const {
    const auto start = std::chrono::steady_clock::now();
    (void)sleeper_.ask(Get{}).result();
    return static_cast<long>((std::chrono::steady_clock::now() - start) / 1ms);
  }
  std::vector<int> on(const Seen&) const { return seen_; }

 private:
  const Ref<Sleeper> sleeper_;
  std::vector<int> seen_;
};

[[nodiscard]] auto since(std::chrono::steady_clock::time_point start) { return std::chrono::steady_clock::now() - start; }

}  // namespace

TEST_CASE("get with a patience bounds this wait only, the future lives on") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();
  auto future = sleeper.ask(Nap{200});

  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(future.get(20ms), Timeout);
  CHECK(since(start) >= 20ms);
  CHECK(since(start) < 200ms);

  CHECK(future.valid());
  CHECK(future.get() == 200);
  CHECK_FALSE(future.valid());
}

TEST_CASE("the ask's patience ends it as Timeout, and the actor lives on") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();

  const auto start = std::chrono::steady_clock::now();
  const auto error = error_of(sleeper.ask(Nap{300}, 30ms));

  CHECK(error.code == Errc::timeout);
  CHECK(error.executed == Executed::unknown);
  CHECK(since(start) >= 30ms);
  CHECK(since(start) < 250ms);
  CHECK(sleeper.ask(Begun{}).get() == 1);
}

TEST_CASE("work whose deadline has passed is not begun") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();

  auto long_one = sleeper.ask(Nap{150});
  auto late = sleeper.ask(Get{}, 20ms);

  CHECK_THROWS_AS(late.get(), Timeout);
  CHECK(long_one.get() == 150);
  CHECK(sleeper.ask(Begun{}).get() == 1);
}

TEST_CASE("an ask that is cancelled before it begins never does") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();

  auto long_one = sleeper.ask(Nap{150});
  auto other = sleeper.ask(Get{});
  CHECK(other.cancel());
  CHECK_FALSE(other.cancel());

  CHECK_THROWS_AS(other.get(), Cancelled);
  CHECK(long_one.get() == 150);
  CHECK(sleeper.ask(Begun{}).get() == 1);
}

TEST_CASE("an ask that is cancelled under way ends as cancelled while the handler goes on") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();
  auto future = sleeper.ask(Nap{100});
  CHECK_FALSE(future.wait_for(20ms));

  CHECK(future.cancel());

  CHECK(future.ready());
  CHECK_THROWS_AS(future.get(), Cancelled);
  CHECK(sleeper.ask(Begun{}).get() == 1);
}

TEST_CASE("an answered ask cannot be cancelled") {
  Stage stage;
  const auto sleeper = stage.spawn<Sleeper>();
  auto future = sleeper.ask(Get{});
  future.wait();

  CHECK_FALSE(future.cancel());
  CHECK(future.get() == 1);
}

TEST_CASE("every member of an empty future is misuse") {
  Future<int> empty;

  CHECK_FALSE(empty.valid());
  CHECK_THROWS_AS(empty.get(), Misuse);
  CHECK_THROWS_AS(empty.get(1ms), Misuse);
  CHECK_THROWS_AS(empty.ready(), Misuse);
  CHECK_THROWS_AS(empty.wait(), Misuse);
  CHECK_THROWS_AS(empty.cancel(), Misuse);
  CHECK_THROWS_AS(empty.then([](const Result<int>&) {}), Misuse);
  CHECK_THROWS_AS(empty.result(), Misuse);
}

TEST_CASE("dropping a future cancels nothing") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();

  (void)sleeper.ask(Get{});

  CHECK(sleeper.ask(Begun{}).get() == 1);
}

TEST_CASE("then outside of actors runs on the callback thread, and the future is ready after it") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();
  std::atomic<bool> ran{false};
  std::thread::id thread;
  int value = 0;

  auto future = sleeper.ask(Nap{30});
  future.then([&](const Result<int>& answer) {
    thread = std::this_thread::get_id();
    std::this_thread::sleep_for(50ms);
    value = answer.value();
    ran.store(true);
  });
  future.wait();

  CHECK(ran.load());
  CHECK(value == 30);
  CHECK(thread != std::this_thread::get_id());
  CHECK(future.get() == 30);
}

TEST_CASE("then of a future that is ready runs at once, with its error too") {
  Stage stage;
  const auto sleeper = stage.spawn<Sleeper>();
  auto future = sleeper.ask(Refuse{});
  future.wait();
  std::promise<Errc> heard;

  future.then([&](const Result<int>& answer) { heard.set_value(answer.error().code); });

  auto answer = heard.get_future();
  REQUIRE(answer.wait_for(20s) == std::future_status::ready);
  CHECK(answer.get() == Errc::handler_failed);
}

TEST_CASE("what a callback throws is logged, and the others run") {
  CapturedLog log;
  Stage stage;
  const auto sleeper = stage.spawn<Sleeper>();
  std::promise<void> second;

  auto future = sleeper.ask(Nap{30});
  future.then([](const Result<int>&) { throw std::runtime_error{"clumsy callback"}; });
  future.then([&](const Result<int>&) { second.set_value(); });

  CHECK(future.get() == 30);
  REQUIRE(second.get_future().wait_for(20s) == std::future_status::ready);
  CHECK(log.contains("clumsy callback"));
}

TEST_CASE("a callback may wait for another future, whose callbacks run meanwhile") {
  Stage stage;
  const auto first = stage.spawn<Sleeper>();
  const auto second = stage.spawn<Sleeper>();
  std::promise<int> done;
  auto inner = second.ask(Nap{200});
  std::atomic<int> inner_ran{0};
  inner.then([&](const Result<int>&) { ++inner_ran; });

  auto outer = first.ask(Nap{10});
  outer.then([&](const Result<int>&) {
    inner.wait();  // settles while we wait here
    done.set_value(inner_ran.load());
  });

  auto result = done.get_future();
  REQUIRE(result.wait_for(10s) == std::future_status::ready);
  CHECK(result.get() == 1);
}

TEST_CASE("a callback that waits for its own future is misuse") {
  Stage stage;
  const auto sleeper = stage.spawn<Sleeper>();
  std::promise<void> done;

  auto future = sleeper.ask(Nap{30});
  future.then([&](const Result<int>&) {
    try {
      (void)future.wait_for(10s);
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });

  auto result = done.get_future();
  REQUIRE(result.wait_for(20s) == std::future_status::ready);
  CHECK_THROWS_AS(result.get(), Misuse);
  future.wait();
}

TEST_CASE("then in a handler runs as a turn of that actor") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();
  const auto caller = stage.node.spawn<Caller>(sleeper);

  for (int i = 0; i < 100; ++i) caller.tell(Forward{0});
  caller.tell(Forward{20});

  REQUIRE(eventually([&] { return caller.ask(Seen{}).get().size() == 101; }));
  CHECK(caller.ask(Seen{}).get().back() == 20);
}

TEST_CASE("then in a handler is dropped when the actor has ended by then") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();
  const auto caller = stage.spawn<Caller>(sleeper);

  caller.tell(Forward{100});
  caller.stop();

  CHECK(error_of(caller.ask(Seen{})).code == Errc::closed);
  CHECK(eventually([&] { return sleeper.ask(Begun{}).get() == 1; }));  // the answer has come, and did no harm
}

TEST_CASE("an exception out of a callback in a turn is the actor's failure") {
  CapturedLog log;
  Stage stage;
  const auto sleeper = stage.spawn<Sleeper>();
  const auto caller = stage.node.spawn<Caller>(sleeper);

  caller.tell(ThrowLater{});

  REQUIRE(eventually([&] { return !caller.ask(Seen{}).result().has_value(); }));
  CHECK(chain_text(error_of(caller.ask(Seen{}))).find("in a turn of mine") != std::string::npos);
}

TEST_CASE("many threads wait for answers of one process at the same time") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto sleeper = stage.spawn<Sleeper>();
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;

  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round)
        if (sleeper.ask(Get{}).get() > 0) ++answers;
    });
  for (auto& thread : threads) thread.join();

  CHECK(answers == 1600);
  CHECK(sleeper.ask(Begun{}).get() == 1600);
}

TEST_CASE("a thread that waits for one process answers the asks of another") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto slow = stage.spawn<Sleeper>();
  const auto stopped = stage.node.spawn<Sleeper>();
  const auto caller = stage.spawn<Caller>(stopped);
  stopped.stop();
  (void)error_of(stopped.ask(Get{}));

  auto timed = caller.ask(AskTimed{});  // is told that `stopped` has ended, by the thread that reads our inbox: the one below
  CHECK(slow.ask(Nap{1500}).get() == 1500);
  CHECK(timed.get() < 1000);
}

TEST_CASE("a future may outlive its node and ends all the same") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Future<int> left;
  std::optional<Ref<Sleeper>> ref;
  {
    NodeOptions options;
    options.linger = 100ms;
    Stage stage{where, options};
    ref = stage.spawn<Sleeper>();
    left = ref->ask(Nap{300});
    CHECK_FALSE(left.wait_for(20ms));
  }

  const auto result = left.result();  // ends, whatever the handler came to
  if (!result) CHECK((result.error().code == Errc::closed || result.error().code == Errc::died));
}
