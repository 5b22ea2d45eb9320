// troupe: actors in processes. Apache-2.0, see LICENSE.
// Conditions and barriers, between threads and processes.
#include "actor/stage.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;

namespace {

constexpr auto moment = 20ms;

struct AwaitNotice {
  Condition condition;
  Event ready;
};
struct AwaitNoticeFor {
  Condition condition;
};
struct Pass {
  Barrier barrier;
  int times = 1;
  Queue<int> passed;
};
struct PassAndLook {
  Barrier barrier;
  Value<int> done;
  int rounds = 1;
};

void add_to(Value<int> sum, int amount) { sum += amount; }
void fail_at(int n) { throw std::invalid_argument{"no " + std::to_string(n)}; }

class Worker : public Actor<Worker, AwaitNotice, AwaitNoticeFor, Pass, PassAndLook> {
 public:
  int on(const PassAndLook& look) {
    int right = 0;
    for (int round = 1; round <= look.rounds; ++round) {
      look.barrier.arrive_and_wait();
      right += look.done.get() == 10 * round ? 1 : 0;
    }
    return right;
  }
  void on(const AwaitNotice& await) {
    const std::scoped_lock held{await.condition};
    await.ready.set();
    await.condition.wait();
  }
  bool on(const AwaitNoticeFor& await) {
    const std::scoped_lock held{await.condition};
    return await.condition.wait_for(moment);
  }
  void on(Pass pass) {
    for (int i = 0; i < pass.times; ++i) {
      pass.passed.put(i);
      pass.barrier.arrive_and_wait();
    }
  }
};

auto in_thread(const Barrier& barrier, Duration patience = forever) {
  return std::async(std::launch::async, [barrier, patience] { return barrier.arrive_and_wait_for(patience); });
}

}  // namespace

TEST_CASE("S10 each notification wakes one, in a process or a thread") {
  Stage stage{GENERATE(every_place)};
  const Condition condition{stage.node};
  const Event ready{stage.node};
  auto there = stage.spawn<Worker>().ask(AwaitNotice{condition, ready}, 60s);
  ready.wait();
  auto here = std::async(std::launch::async, [&] {
    const std::scoped_lock held{condition};
    ready.clear();
    condition.wait();
  });
  REQUIRE(eventually([&] { return !ready.is_set(); }));

  {
    const std::scoped_lock held{condition};
    condition.notify_one();
    CHECK_FALSE(there.ready());
  }
  there.get(20s);
  CHECK(here.wait_for(0s) == std::future_status::timeout);
  {
    const std::scoped_lock held{condition};
    condition.notify_one();
  }
  here.get();
}

TEST_CASE("S11 notify_all wakes all, and none of those whose time is over") {
  Stage stage{GENERATE(every_place)};
  const Condition condition{stage.node};
  CHECK_FALSE(stage.spawn<Worker>().ask(AwaitNoticeFor{condition}).get());
  std::vector<Future<void>> there;
  for (int i = 0; i < 2; ++i) {
    const Event ready{stage.node};
    there.push_back(stage.spawn<Worker>().ask(AwaitNotice{condition, ready}, 60s));
    ready.wait();
  }

  const std::scoped_lock held{condition};
  condition.notify_all();
  condition.unlock();
  for (auto& each : there) each.get(20s);
  condition.lock();
}

TEST_CASE("R16 who is killed while it waits for a condition is none of those that are notified") {
  Stage stage{GENERATE(other_processes)};
  const Condition condition{stage.node};
  const Event ready{stage.node};
  const auto mortal = stage.spawn<Worker>();
  auto dies = mortal.ask(AwaitNotice{condition, ready}, 60s);
  ready.wait();
  ready.clear();
  auto lives = stage.spawn<Worker>().ask(AwaitNotice{condition, ready}, 60s);
  ready.wait();

  mortal.kill();
  CHECK(error_of(std::move(dies)).type == ErrorType::actor_died);
  {
    const std::scoped_lock held{condition};
    condition.notify_all();
  }

  lives.get(20s);
  CHECK(std::async(std::launch::async, [&] { return condition.try_lock(); }).get());
}

TEST_CASE("S13 S16 a wait that nobody notifies ends by its patience, with the lock") {
  Stage stage;
  const Condition condition{stage.node};
  const std::scoped_lock held{condition};
  const auto begin = std::chrono::steady_clock::now();

  CHECK_FALSE(condition.wait_for(0s));
  CHECK_FALSE(condition.wait_for(moment));

  CHECK(std::chrono::steady_clock::now() - begin >= moment);
  CHECK_FALSE(std::async(std::launch::async, [&] { return condition.try_lock(); }).get());
}

TEST_CASE("S14 wait_for a state is woken by changes until it holds") {
  Stage stage;
  const Condition condition{stage.node};
  int state = 0;
  auto waits = std::async(std::launch::async, [&] {
    const std::scoped_lock held{condition};
    return condition.wait_for(20s, [&] { return state == 4; });
  });
  for (int i = 0; i < 4; ++i) {
    const std::scoped_lock held{condition};
    ++state;
    condition.notify_one();
  }

  CHECK(waits.get());
  const std::scoped_lock held{condition};
  CHECK_FALSE(condition.wait_for(moment, [&] { return state == 5; }));
}

TEST_CASE("S17 waiting and notifying without the lock is misuse") {
  Stage stage;
  const Condition condition{stage.node};

  CHECK_THROWS_AS(condition.wait(), Misuse);
  CHECK_THROWS_AS(condition.notify_one(), Misuse);
  CHECK_THROWS_AS(condition.notify_all(), Misuse);
  CHECK_THROWS_AS(Condition{}.lock(), Misuse);
}

TEST_CASE("two conditions of one lock are notified apart") {
  Stage stage;
  const Lock lock{stage.node};
  const Condition full{lock};
  const Condition empty{lock};
  std::atomic<bool> waiting{false};
  auto waits = std::async(std::launch::async, [&] {
    const std::scoped_lock held{lock};
    waiting = true;
    return empty.wait_for(20s);
  });
  REQUIRE(eventually([&] { return waiting.load(); }));
  const std::scoped_lock held{lock};

  full.notify_all();
  CHECK_FALSE(full.wait_for(moment));
  CHECK(waits.wait_for(0s) == std::future_status::timeout);
  empty.notify_all();
  CHECK_FALSE(full.wait_for(moment));
  CHECK(waits.get());
}

TEST_CASE("S20 S28 at a barrier nobody goes on before all have come, ten times") {
  const Where where = GENERATE(every_place);
  constexpr int parties = 4;
  constexpr int passes = 10;
  Stage stage{where};
  const Barrier barrier{stage.node, parties};
  Queue<int> passed{stage.node};
  std::vector<Future<void>> workers;
  for (int i = 0; i < parties; ++i) workers.push_back(stage.spawn<Worker>().ask(Pass{barrier, passes, passed}, 60s));

  for (auto& worker : workers) worker.get();

  for (int i = 0; i < passes * parties; ++i) CHECK(passed.try_get() == i / parties);
  CHECK(barrier.waiting() == 0);
  CHECK_FALSE(barrier.broken());
  CHECK(barrier.parties() == parties);
}

TEST_CASE("each party at a barrier has its number") {
  Stage stage;
  const Barrier barrier{stage.node, 3};
  std::vector<std::future<std::uint64_t>> parties;
  for (int i = 0; i < 3; ++i) parties.push_back(in_thread(barrier));

  std::vector<std::uint64_t> numbers;
  for (auto& party : parties) numbers.push_back(party.get());
  std::sort(numbers.begin(), numbers.end());
  CHECK(numbers == std::vector<std::uint64_t>{0, 1, 2});
}

TEST_CASE("S23 S25 abort breaks a barrier for all, and reset makes it whole") {
  Stage stage;
  const Barrier barrier{stage.node, 3};
  std::vector<std::future<std::uint64_t>> parties;
  for (int i = 0; i < 2; ++i) parties.push_back(in_thread(barrier));
  REQUIRE(eventually([&] { return barrier.waiting() == 2; }));

  barrier.abort();

  for (auto& party : parties) CHECK_THROWS_AS(party.get(), BrokenBarrier);
  CHECK(barrier.broken());
  CHECK_THROWS_AS(barrier.arrive_and_wait(), BrokenBarrier);
  barrier.reset();
  parties.clear();
  for (int i = 0; i < 2; ++i) parties.push_back(in_thread(barrier));
  barrier.arrive_and_wait();
  for (auto& party : parties) party.get();
}

TEST_CASE("S26 who gives up at a barrier breaks it for all") {
  Stage stage;
  const Barrier barrier{stage.node, 3};
  auto waits = in_thread(barrier);
  REQUIRE(eventually([&] { return barrier.waiting() == 1; }));

  CHECK_THROWS_AS(barrier.arrive_and_wait_for(moment), BrokenBarrier);

  CHECK_THROWS_AS(waits.get(), BrokenBarrier);
  CHECK_THROWS_AS(barrier.arrive_and_wait(), BrokenBarrier);
  CHECK_THROWS_AS((Barrier{stage.node, 0}), Misuse);
}

TEST_CASE("S22 the action of a barrier is done once for all, before anybody goes on") {
  constexpr int parties = 3;
  constexpr int rounds = 5;
  Stage stage{GENERATE(every_place)};
  const Value<int> done{stage.node, 0};
  const Barrier barrier{stage.node, parties, on_completion<add_to>(done, 10), {.name = "counted"}};
  std::vector<Future<int>> workers;
  for (int i = 0; i < parties; ++i) workers.push_back(stage.spawn<Worker>().ask(PassAndLook{barrier, done, rounds}, 60s));

  for (auto& worker : workers) CHECK(worker.get() == rounds);  // rounds in which it saw just what the actions so far had done

  CHECK(done.get() == 10 * rounds);
}

TEST_CASE("an action that throws breaks its barrier, which says so") {
  Stage stage;
  const Barrier barrier{stage.node, 1, on_completion<fail_at>(7)};

  try {
    barrier.arrive_and_wait();
    FAIL("nobody may pass");
  } catch (const BrokenBarrier& error) {
    CHECK(std::string{error.what()}.find("no 7") != std::string::npos);
  }
  CHECK(barrier.broken());
}

TEST_CASE("R17 who dies at a barrier breaks it for all") {
  Stage stage{GENERATE(other_processes)};
  const Barrier barrier{stage.node, 3};
  const auto mortal = stage.spawn<Worker>();
  auto dies = mortal.ask(Pass{barrier, 1, Queue<int>{stage.node}}, 60s);
  auto waits = in_thread(barrier);
  REQUIRE(eventually([&] { return barrier.waiting() == 2; }));

  mortal.kill();

  CHECK_THROWS_AS(waits.get(), BrokenBarrier);
  CHECK(error_of(std::move(dies)).type == ErrorType::actor_died);
}
