// troupe: actors in processes. Apache-2.0, see LICENSE.
// Values whose users are killed: within a step, with the lock, on the way to it.
#include "patterns/reach.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <optional>
#include <string>
#include <vector>

using namespace troupe;

namespace {

/// Larger than any atomic; what one step writes is equal everywhere.
struct Wide {
  std::array<std::uint64_t, 40> words{};
};
struct Widen {
  Value<Wide> value;
};
struct Hold {
  Value<int> value;
  Value<int> held;
};
struct LockOften {
  Array<std::uint64_t> counts;
};
struct Make {};

Wide next(Wide wide) {
  for (auto& word : wide.words) ++word;
  return wide;
}

class Mortal : public Actor<Mortal, Widen, Hold, LockOften, Make> {
 public:
  void on(const Widen& widen) {
    for (;;) widen.value.update<next>();
  }
  void on(const Hold& hold) {
    auto lock = hold.value.lock();
    hold.value = hold.value.get() + 1;
    hold.held = 1;
    for (;;) ::pause();
  }
  void on(const LockOften& often) {
    for (;;) {
      auto lock = often.counts.lock();
      often.counts[0] = often.counts[0] + 1;
      often.counts[1] = often.counts[1] + 1;
    }
  }
  Value<int> on(const Make&) { return Value<int>{node(), 1}; }
};

}  // namespace

TEST_CASE("a process that is killed within a step leaves a whole value, and others go on") {
  Stage stage{Where::ipc};
  Value<Wide> value{stage.node};
  std::uint64_t last = 0;
  for (int round = 0; round < 5; ++round) {
    const auto mortal = stage.spawn<Mortal>();
    auto endless = mortal.ask(Widen{value}, 60s);
    REQUIRE(eventually([&] { return value.get().words[0] >= last + 100; }));
    mortal.kill();
    const Wide seen = value.update<next>();
    CHECK(error_of(std::move(endless)).type == ErrorType::actor_died);
    const Wide after = value.get();
    CHECK(std::count(seen.words.begin(), seen.words.end(), seen.words[0]) == 40);
    CHECK(std::count(after.words.begin(), after.words.end(), after.words[0]) == 40);
    last = after.words[0];
  }
}

TEST_CASE("a lock whose holder is killed is free for who waits, and says that it was abandoned") {
  Stage stage{Where::ipc, by(GENERATE(both_ways))};
  Value<int> value{stage.node, 1};
  Value<int> held{stage.node, 0};
  const auto mortal = stage.spawn<Mortal>();
  auto holds = mortal.ask(Hold{value, held}, 60s);
  REQUIRE(eventually([&] { return held.get() == 1; }));
  auto adds = std::async(std::launch::async, [&] { return value += 10; });
  auto locks = std::async(std::launch::async, [&] { return value.lock().abandoned(); });
  CHECK(locks.wait_for(20ms) == std::future_status::timeout);

  mortal.kill();

  CHECK(error_of(std::move(holds)).type == ErrorType::actor_died);
  CHECK(locks.get());
  CHECK(adds.get() == 12);
  CHECK_FALSE(value.lock().abandoned());
}

TEST_CASE("who is killed while it waits for a lock is passed over") {
  Stage stage{Where::ipc, by(GENERATE(both_ways))};
  Value<int> value{stage.node, 1};
  Value<int> held{stage.node, 0};
  std::optional<ArrayLock> lock{value.lock()};
  const auto mortal = stage.spawn<Mortal>();
  auto waits = mortal.ask(Hold{value, held}, 60s);
  CHECK_FALSE(waits.wait_for(20ms));
  mortal.kill();
  CHECK(error_of(std::move(waits)).type == ErrorType::actor_died);

  lock.reset();

  CHECK((value += 1) == 2);
  CHECK_FALSE(std::async(std::launch::async, [&] { return value.lock().abandoned(); }).get());
}

TEST_CASE("processes that are killed while they lock again and again stop nobody") {
  Stage stage{Where::ipc, by(GENERATE(both_ways))};
  Array<std::uint64_t> counts{stage.node, 2};
  const auto immortal = stage.spawn<Mortal>();
  auto endless = immortal.ask(LockOften{counts}, 60s);
  for (int round = 0; round < 5; ++round) {
    const auto mortal = stage.spawn<Mortal>();
    auto ends = mortal.ask(LockOften{counts}, 60s);
    const std::uint64_t before = counts[0];
    REQUIRE(eventually([&] { return counts[0] >= before + 20; }));

    mortal.kill();

    CHECK(error_of(std::move(ends)).type == ErrorType::actor_died);
    auto lock = counts.lock();
    const std::uint64_t lead = counts[0] - counts[1];
    CHECK(lead <= static_cast<std::uint64_t>(round) + 1);  // each death may have come between the two
  }
  immortal.kill();
  CHECK(error_of(std::move(endless)).type == ErrorType::actor_died);
}

TEST_CASE("children keep their values where their parent does") {
  const Way way = GENERATE(both_ways);
  Stage stage{Where::ipc, by(way)};

  const Value<int> value = stage.spawn<Mortal>().ask(Make{}).get();

  CHECK(value.segment().empty() == (way == Way::owner));
  CHECK((value += 1) == 2);
}
