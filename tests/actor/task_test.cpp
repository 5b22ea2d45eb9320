// troupe: actors in processes. Apache-2.0, see LICENSE.
// Handlers that await, and messages for later.
#include "stage.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Twice {
  int number = 0;
};
struct Never {};
struct Sum {
  std::vector<int> numbers;
};
struct Count {};
struct Break {};
struct Nap {
  int milliseconds = 0;
};

struct Doubler : troupe::Actor<Doubler, Twice, Break> {
  int on(const Twice& twice) { return twice.number * 2; }
  int on(const Break&) { throw std::out_of_range{"broken"}; }
};

struct Silent : troupe::Actor<Silent, Never> {
  troupe::Task<int> on(const Never&) {
    co_await troupe::sleep_for(1h);
    co_return 0;
  }
};

class Adder : public troupe::Actor<Adder, Sum, Count, Break, Never, Nap, Twice> {
 public:
  Adder(troupe::Ref<Doubler> doubler, troupe::Ref<Silent> silent) : doubler_{doubler}, silent_{silent} {}
  troupe::Task<int> on(Sum sum) {
    int total = 0;
    for (const int number : sum.numbers) total += co_await doubler_.ask<Twice>(number);
    ++sums_;
    co_return total;
  }
  int on(const Count&) { return sums_; }
  troupe::Task<int> on(const Break& request) { co_return co_await doubler_.ask(request); }
  troupe::Task<int> on(const Never& request) { co_return co_await silent_.ask(request, troupe::forever); }
  troupe::Task<void> on(const Nap nap) { co_await troupe::sleep_for(std::chrono::milliseconds{nap.milliseconds}); }
  troupe::Task<std::string> on(const Twice twice) {
    const int four_times = co_await twice_of_twice(twice.number);
    co_return std::to_string(four_times);
  }

 private:
  troupe::Task<int> twice_of_twice(int number) {
    const int twice = co_await doubler_.ask<Twice>(number);
    co_return co_await doubler_.ask<Twice>(twice);
  }

  troupe::Ref<Doubler> doubler_;
  troupe::Ref<Silent> silent_;
  int sums_ = 0;
};

struct Beat {
  int number = 0;
};
struct Beats {};
struct Schedule {
  int milliseconds = 0;
  int number = 0;
};
struct Cancel {};

class Metronome : public troupe::Actor<Metronome, Beat, Beats, Schedule, Cancel> {
 public:
  explicit Metronome(int period_milliseconds) : beat_{every(std::chrono::milliseconds{period_milliseconds}, Beat{0})} {}
  void on(const Beat& beat) { beats_.push_back(beat.number); }
  std::vector<int> on(const Beats&) { return beats_; }
  void on(const Schedule& later) { later_ = send_after(std::chrono::milliseconds{later.milliseconds}, Beat{later.number}); }
  void on(const Cancel&) {
    beat_.cancel();
    later_.cancel();
  }

 private:
  std::vector<int> beats_;
  troupe::TimerHandle beat_;
  troupe::TimerHandle later_;
};

}  // namespace

TEST_CASE("a handler that awaits answers when it has ended, in every place") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const auto adder = stage.spawn<Adder>(stage.spawn<Doubler>(), stage.spawn<Silent>());

  CHECK(adder.ask(Sum{{1, 2, 3}}).get() == 12);
  CHECK(adder.ask<Twice>(5).get() == "20");
  CHECK(adder.ask(Count{}).get() == 1);
}

TEST_CASE("while a handler awaits, its actor takes other messages") {
  Stage stage;
  const auto adder = stage.spawn<Adder>(stage.spawn<Doubler>(), stage.spawn<Silent>());
  auto never = adder.ask(Never{});

  CHECK(adder.ask(Sum{{4}}).get(5s) == 8);
  CHECK_FALSE(never.ready());
}

TEST_CASE("an exception behind an await is the answer") {
  Stage stage{GENERATE(every_place)};
  const auto adder = stage.spawn<Adder>(stage.spawn<Doubler>(), stage.spawn<Silent>());

  CHECK_THROWS_AS(adder.ask(Break{}).get(), troupe::RemoteError);
  CHECK(adder.ask(Sum{{1}}).get() == 2);
}

TEST_CASE("sleep_for waits that long and keeps nobody") {
  Stage stage;
  const auto adder = stage.spawn<Adder>(stage.spawn<Doubler>(), stage.spawn<Silent>());
  const auto begin = std::chrono::steady_clock::now();
  auto nap = adder.ask<Nap>(30);

  CHECK(adder.ask(Sum{{1}}).get(5s) == 2);
  nap.get();
  CHECK(std::chrono::steady_clock::now() - begin >= 30ms);
}

TEST_CASE("a handler that awaits ends with its actor: its frame is destroyed, its asker told") {
  const auto before = troupe::detail::running_tasks();
  {
    Stage stage;
    const auto adder = stage.spawn<Adder>(stage.spawn<Doubler>(), stage.spawn<Silent>());
    auto never = adder.ask(Never{});
    CHECK(adder.ask(Count{}).get() == 0);
    CHECK(troupe::detail::running_tasks() > before);

    adder.stop();
    try {
      never.get();
      FAIL("the ask was answered");
    } catch (const troupe::Error& error) {
      CHECK(error.code() == troupe::Errc::closed);
      CHECK(error.executed() == troupe::Executed::unknown);
    }
  }
  CHECK(troupe::detail::running_tasks() == before);
}

TEST_CASE("the death of the process that a handler awaits ends the await") {
  Stage stage{Where::ipc};
  const auto silent = stage.spawn<Silent>();
  const auto adder = stage.node.spawn<Adder>(stage.node.spawn<Doubler>(), silent);
  auto never = adder.ask(Never{}, 30s);
  CHECK(adder.ask(Sum{{1}}).get() == 2);

  silent.kill();
  CHECK_THROWS_AS(never.get(10s), troupe::RemoteError);
  CHECK(adder.ask(Sum{{1}}).get() == 2);
}

TEST_CASE("many handlers await at the same time") {
  Stage stage;
  const auto adder = stage.spawn<Adder>(stage.spawn<Doubler>(), stage.spawn<Silent>());
  std::vector<troupe::Future<int>> sums;
  for (int i = 0; i < 200; ++i) sums.push_back(adder.ask(Sum{{i, i, i}}));

  for (int i = 0; i < 200; ++i) CHECK(sums[static_cast<std::size_t>(i)].get() == 6 * i);
}

TEST_CASE("every beats until it is cancelled") {
  Stage stage{GENERATE(every_place)};
  const auto metronome = stage.spawn<Metronome>(2);
  while (metronome.ask(Beats{}).get().size() < 3) std::this_thread::yield();

  metronome.tell(Cancel{});
  const auto beats = metronome.ask(Beats{}).get().size();
  metronome.tell(Schedule{30, 7});
  while (metronome.ask(Beats{}).get().back() != 7) std::this_thread::yield();
  CHECK(metronome.ask(Beats{}).get().size() == beats + 1);
}

TEST_CASE("send_after comes once, never early, unless it is cancelled") {
  Stage stage;
  const auto metronome = stage.spawn<Metronome>(3'600'000);
  const auto begin = std::chrono::steady_clock::now();
  metronome.tell(Schedule{20, 1});
  while (metronome.ask(Beats{}).get().empty()) std::this_thread::yield();
  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);

  metronome.tell(Schedule{10, 2});
  metronome.tell(Cancel{});
  metronome.tell(Schedule{20, 3});
  while (metronome.ask(Beats{}).get().size() < 2) std::this_thread::yield();
  CHECK(metronome.ask(Beats{}).get() == std::vector<int>{1, 3});
}

TEST_CASE("timers end with their actor") {
  Stage stage;
  const auto metronome = stage.spawn<Metronome>(1);
  CHECK(metronome.ask(Beats{}).get().size() < 1000);

  metronome.stop();
  CHECK_THROWS_AS(metronome.ask(Beats{}).get(), troupe::Closed);
}
