// troupe: actors in processes. Apache-2.0, see LICENSE.
// Timers fire once, in order, never early and at most a tick late, however far ahead they were set.
#include "catch.hpp"

#include <troupe/node/timers.hpp>

#include <chrono>
#include <cstddef>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::detail;

namespace {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  void go_to(TimePoint when) { now_ = when; }
  void go_on(Duration by) { now_ += by; }

 private:
  TimePoint now_{1h};
};

struct Counting final : Timer {
  void fire() override {
    ++fired;
    if (clock != nullptr) at = clock->now();
    if (order != nullptr) order->push_back(this);
  }
  int fired = 0;
  const Clock* clock = nullptr;
  TimePoint at;
  std::vector<Counting*>* order = nullptr;
};

}  // namespace

TEST_CASE("a timer fires once, not before its time and at most a tick after it") {
  ManualClock clock;
  Timers timers{clock, [] {}};
  Counting timer;
  const auto distance = GENERATE(1ms, 63ms, 64ms, 65ms, 4095ms, 4096ms, 5000ms, 262'144ms, 3'600'000ms, 86'400'000ms * 30);
  CAPTURE(distance.count());
  const TimePoint when = clock.now() + distance;

  timers.schedule(timer, when);
  TimePoint next = timers.advance();
  while (timer.fired == 0) {
    REQUIRE(next > clock.now());
    REQUIRE(next <= when + 1ms);
    clock.go_to(next);
    next = timers.advance();
    if (timer.fired != 0) CHECK(clock.now() >= when);
  }

  CHECK(clock.now() <= when + 1ms);
  CHECK(next == TimePoint::max());
  clock.go_on(1h);
  timers.advance();
  CHECK(timer.fired == 1);
}

TEST_CASE("a cancelled timer never fires, and cancel says whether it would have") {
  ManualClock clock;
  Timers timers{clock, [] {}};
  Counting timer;

  CHECK_FALSE(timers.cancel(timer));
  timers.schedule(timer, clock.now() + 10ms);
  CHECK(timers.cancel(timer));
  CHECK_FALSE(timers.cancel(timer));
  CHECK(timers.advance() == TimePoint::max());
  clock.go_on(1s);
  timers.advance();
  CHECK(timer.fired == 0);

  timers.schedule(timer, clock.now() + 10ms);
  clock.go_on(1s);
  timers.advance();
  CHECK(timer.fired == 1);
  CHECK_FALSE(timers.cancel(timer));
}

TEST_CASE("what is scheduled before all others wakes whoever sleeps until then, and nothing else does") {
  ManualClock clock;
  int wakes = 0;
  Timers timers{clock, [&] { ++wakes; }};
  Counting late;
  Counting later;
  Counting soon;

  timers.advance();
  timers.schedule(late, clock.now() + 10s);
  CHECK(wakes == 1);
  timers.schedule(later, clock.now() + 20s);
  CHECK(wakes == 1);
  timers.schedule(soon, clock.now() + 1s);
  CHECK(wakes == 2);
}

TEST_CASE("timers that are due together fire in the order of their times, also after a long sleep") {
  ManualClock clock;
  Timers timers{clock, [] {}};
  std::vector<Counting> all(200);
  std::vector<Counting*> order;
  std::minstd_rand random{5};
  std::vector<TimePoint> times;
  for (auto& timer : all) {
    timer.order = &order;
    times.push_back(clock.now() + std::chrono::milliseconds{1 + random() % 100'000});
    timers.schedule(timer, times.back());
  }

  clock.go_on(200s);
  timers.advance();

  REQUIRE(order.size() == all.size());
  const auto time_of = [&](const Counting* timer) { return times[static_cast<std::size_t>(timer - all.data())]; };
  for (std::size_t i = 1; i < order.size(); ++i) CHECK(time_of(order[i - 1]) <= time_of(order[i]) + 1ms);
}

TEST_CASE("timers agree with a list of times, whatever is scheduled, cancelled and slept") {
  ManualClock clock;
  Timers timers{clock, [] {}};
  constexpr std::size_t count = 100;
  std::vector<Counting> all(count);
  std::vector<TimePoint> times(count, TimePoint::max());
  std::vector<int> fired(count, 0);
  std::minstd_rand random{GENERATE(1U, 2U, 3U)};

  for (int step = 0; step < 5000; ++step) {
    const std::size_t which = random() % count;
    switch (random() % 3) {
      case 0: {
        if (times[which] != TimePoint::max()) break;
        const auto distance = std::chrono::milliseconds{random() % (1U << (random() % 24))};
        times[which] = clock.now() + distance;
        timers.schedule(all[which], times[which]);
        break;
      }
      case 1: {
        const bool pending = times[which] != TimePoint::max();
        REQUIRE(timers.cancel(all[which]) == pending);
        times[which] = TimePoint::max();
        break;
      }
      default: {
        clock.go_on(std::chrono::microseconds{random() % (1U << (random() % 30))});
        const TimePoint next = timers.advance();
        for (std::size_t i = 0; i < count; ++i) {
          if (all[i].fired != fired[i]) {
            REQUIRE(all[i].fired == fired[i] + 1);
            REQUIRE(times[i] <= clock.now());
            fired[i] = all[i].fired;
            times[i] = TimePoint::max();
          }
          REQUIRE(times[i] > clock.now() - 2ms);  // not more than a tick late
          if (times[i] != TimePoint::max()) REQUIRE(next <= times[i] + 2ms);
        }
      }
    }
  }
}
