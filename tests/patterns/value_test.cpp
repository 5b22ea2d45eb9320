// troupe: actors in processes. Apache-2.0, see LICENSE.
// Values that processes share: one step at a time, and locked for several.
#include "patterns/reach.hpp"

#include <signal.h>
#include <unistd.h>

#include <climits>
#include <future>
#include <optional>
#include <string>
#include <vector>

using namespace troupe;

namespace {

struct Set {
  Value<int> i;
  Value<double> d;
  Value<std::int16_t> s;
  Value<std::int64_t> l;
  Value<char> c;
};
struct Count {
  Value<int> value;
  int times = 0;
  bool locked = false;
};
struct Make {
  int number = 0;
};
struct Append {
  Value<std::string> text;
};
struct Pid {};

int times(int value, int factor) { return value * factor; }
int grow(std::vector<int>& numbers, int number) {
  numbers.push_back(number);
  return static_cast<int>(numbers.size());
}
int fails(int) { throw std::out_of_range{"no"}; }

class Worker : public Actor<Worker, Set, Count, Make, Append, Pid> {
 public:
  void on(Set set) {
    set.i = 24234;
    set.d = -4.25;
    set.s = std::int16_t{234};
    set.l = std::int64_t{1} << 34U;
    set.c = 'y';
  }
  void on(Count count) {
    for (int i = 0; i < count.times; ++i) {
      if (!count.locked) {
        count.value += 1;
        continue;
      }
      auto lock = count.value.lock();
      count.value = count.value.get() + 1;
    }
  }
  Value<int> on(const Make& make) { return Value<int>{node(), make.number}; }
  void on(const Append& append) { append.text += "b"; }
  int on(const Pid&) const { return ::getpid(); }
};

}  // namespace

TEST_CASE("V01 G13 values of all kinds are read here as a child set them") {
  Stage stage{GENERATE(other_processes), by(GENERATE(both_ways))};
  Set values{Value<int>{stage.node, 4343}, Value<double>{stage.node, 3.625}, Value<std::int16_t>{stage.node, std::int16_t{-232}},
             Value<std::int64_t>{stage.node, std::int64_t{1} << 33U}, Value<char>{stage.node, 'x'}};
  CHECK(values.i.get() == 4343);
  CHECK(values.d.get() == 3.625);
  CHECK(values.s.get() == -232);
  CHECK(values.l.get() == std::int64_t{1} << 33U);
  CHECK(values.c.get() == 'x');

  stage.spawn<Worker>().ask(values).get();

  CHECK(values.i.get() == 24234);
  CHECK(values.d.get() == -4.25);
  CHECK(values.s.get() == 234);
  CHECK(values.l.get() == std::int64_t{1} << 34U);
  CHECK(values.c.get() == 'y');
}

TEST_CASE("V02 a value's lock keeps all others from that value, and from no other one") {
  const Way way = GENERATE(both_ways);
  Stage stage{Where::here, by(way)};
  Value<int> value{stage.node, 1};
  Value<int> other{stage.node, 1};

  std::optional<ArrayLock> lock{value.lock()};
  {
    auto again = value.lock();
    value += 1;
  }
  auto adds = std::async(std::launch::async, [&] { return value += 10; });
  auto reads = std::async(std::launch::async, [&] { return value.get(); });
  auto locks = std::async(std::launch::async, [&] { return value.lock().abandoned(); });
  CHECK(std::async(std::launch::async, [&] { return other += 1; }).get() == 2);
  CHECK(adds.wait_for(20ms) == std::future_status::timeout);
  CHECK(reads.wait_for(0ms) == std::future_status::timeout);
  CHECK(locks.wait_for(0ms) == std::future_status::timeout);
  CHECK(value.get() == 2);
  value = 5;
  lock.reset();

  CHECK(adds.get() == 15);
  CHECK(reads.get() >= 5);
  CHECK_FALSE(locks.get());
  CHECK(value.get() == 15);
}

TEST_CASE("a value is changed by all that changes a number, and each brings the new one") {
  Stage stage{GENERATE(every_place), by(GENERATE(both_ways))};
  Value<int> value{stage.node, 40};

  CHECK((value += 2) == 42);
  CHECK((value -= 1) == 41);
  CHECK(++value == 42);
  CHECK(--value == 41);
  CHECK(value++ == 41);
  CHECK(value-- == 42);
  CHECK(value.exchange(7) == 41);
  CHECK_FALSE(value.compare_exchange(8, 9));
  CHECK(value.compare_exchange(7, 9));
  CHECK(value.update<times>(3) == 27);
  CHECK(value.update([](int number, int less) { return number - less; }, 7) == 20);
  CHECK(value.update([](int& number) {
    number += 1;
    return std::string{"done"};
  }) == "done");
  CHECK(value.get() == 21);
  value = INT_MAX;
  CHECK((value += 1) == INT_MIN);
}

TEST_CASE("values of other types than plain ones lie with their owner") {
  Stage stage{GENERATE(every_place)};
  Value<std::string> text{stage.node, "a"};
  Value<std::vector<int>> numbers{stage.node};

  stage.spawn<Worker>().ask(Append{text}).get();
  text += "c";

  CHECK(text.segment().empty());
  CHECK(text.get() == "abc");
  CHECK(text.exchange("d") == "abc");
  CHECK(text.compare_exchange("d", "e"));
  CHECK(numbers.update<grow>(5) == 1);
  CHECK(numbers.update<grow>(6) == 2);
  CHECK(numbers.get() == std::vector<int>{5, 6});
}

TEST_CASE("an owner in a process of its own serves all others") {
  const Way way = GENERATE(both_ways);
  Stage stage{Where::ipc, by(way)};
  Value<int> value{stage.node, 5, {.name = "far", .place = own_process}};
  CHECK(value.segment().empty() == (way == Way::owner));

  stage.spawn<Worker>().ask(Count{value, 10}).get();

  CHECK(value.get() == 15);
  CHECK(value.update<times>(2) == 30);
  CHECK(value.name() == "far");
}

TEST_CASE("R19 no addition of several processes and threads is lost") {
  const bool locked = GENERATE(false, true);
  const Way way = GENERATE(both_ways);
  const int each = way == Way::shared_memory && !locked ? 100000 : 50;
  Stage stage{Where::ipc, by(way)};
  Value<int> value{stage.node, 0};
  std::vector<Future<void>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(stage.spawn<Worker>().ask(Count{value, each, locked}, 50s));
  for (int i = 0; i < each; ++i) value += 1;

  for (auto& worker : workers) worker.get();

  CHECK(value.get() == 4 * each);
}

TEST_CASE("what an update throws its caller gets, and nothing was changed") {
  const Way way = GENERATE(both_ways);
  Stage stage{Where::here, by(way)};
  Value<int> value{stage.node, 3};

  CHECK_THROWS_AS(value.update<fails>(), std::out_of_range);
  CHECK(value.get() == 3);
  CHECK((value += 1) == 4);
}

TEST_CASE("an update that uses its own value is misuse, and not a deadlock") {
  Stage stage{Where::here, by(GENERATE(both_ways))};
  static Value<int> value;
  value = Value<int>{stage.node, 3};

  try {
    value.update([](int number) { return number + value.exchange(1); });
    FAIL("it went on");
  } catch (const Error& error) {  // from the owner it comes as a RemoteError
    const auto& why = error.info()->cause != nullptr ? error.info()->cause : error.info();
    CHECK(why->type == ErrorType::misuse);
  }
  CHECK(value.get() == 3);
  value = Value<int>{};
}

TEST_CASE("V10 an attempt to use what is not there is refused in words") {
  Stage stage{Where::here, by(GENERATE(both_ways))};
  CHECK_FALSE(Value<int>{});
  CHECK_THROWS_AS(Value<int>{}.get(), Misuse);
  CHECK_THROWS_AS(Value<int>{} += 1, Misuse);
  CHECK_THROWS_AS(Value<int>{}.lock(), Misuse);
  CHECK_THROWS_AS(Value<int>{}.destroy(), Misuse);

  Value<int> value{stage.node, 1};
  value.destroy();
  CHECK(eventually([&] {
    try {
      (void)value.get();
      return false;
    } catch (const Closed&) {
      return true;
    }
  }));
  value.destroy();
  CHECK_THROWS_AS(value += 1, Closed);
  CHECK_THROWS_AS(value.lock(), Closed);
  CHECK_THROWS_AS(value.update<times>(2), Closed);
}

TEST_CASE("V13 values end with their node, and their memory is gone") {
  std::string segment;
  Value<int> value;
  {
    Stage stage;
    value = Value<int>{stage.node, 1};
    segment = value.segment();
    REQUIRE(segment_exists(segment));
    CHECK(value.get() == 1);
  }
  CHECK_FALSE(segment_exists(segment));
  CHECK_THROWS_AS(value.get(), Closed);
  CHECK_THROWS_AS(value += 1, Closed);
}

TEST_CASE("V14 SIGINT to the process of an owner does not end it") {
  Stage stage{Where::ipc};
  const auto maker = stage.spawn<Worker>();
  Value<int> value = maker.ask(Make{5}).get();
  ::kill(maker.ask(Pid{}).get(), SIGINT);

  maker.ask(Count{value, 2}).get();

  CHECK(value.get() == 7);
}

TEST_CASE("V16 a value survives the processes that use it") {
  Stage stage{Where::ipc};
  Value<int> value{stage.node, 0};
  const auto first = stage.spawn<Worker>();
  const auto second = stage.spawn<Worker>();
  first.ask(Count{value, 3}).get();
  second.ask(Count{value, 4}).get();

  first.stop();
  CHECK(error_of(first.ask(Pid{})).code == Errc::closed);
  second.kill();
  CHECK(error_of(second.ask(Pid{})).code == Errc::died);

  CHECK(segment_exists(value.segment()));
  CHECK(value.get() == 7);
}

TEST_CASE("V19 V20 what a killed owner's process leaves is removed by those who live, and its users are told") {
  Stage stage{Where::ipc};
  const int signal = GENERATE(SIGTERM, SIGKILL);
  const auto maker = stage.spawn<Worker>();
  const auto user = stage.spawn<Worker>();
  Value<int> value = maker.ask(Make{5}).get();
  Value<int> kept{stage.node, 1};
  user.ask(Count{value, 1}).get();
  CHECK(value.get() == 6);

  ::kill(maker.ask(Pid{}).get(), signal);

  CHECK(eventually([&] { return !segment_exists(value.segment()); }));
  CHECK(eventually([&] {
    try {
      value += 1;
      return false;
    } catch (const Error& error) {
      return error.code() == Errc::died || error.code() == Errc::closed;
    }
  }));
  CHECK(segment_exists(kept.segment()));
  CHECK(kept.get() == 1);
}
