// troupe: actors in processes. Apache-2.0, see LICENSE.
// Waiting without blocking: what handlers that await do at locks and their kin, and at processes.
#include "patterns/processes.hpp"

#include <mutex>
#include <stdexcept>
#include <vector>

using namespace troupe;

namespace {

struct Enter {
  Lock lock;
  Value<int> inside;
  Value<int> most;
};
struct Pass {
  Semaphore semaphore;
  Event event;
  Barrier barrier;
};
struct Sleep {
  Condition condition;
  Event asleep;
};
struct TryLock {
  Lock lock;
};
struct LeaveLocked {
  Lock lock;
};
struct Ping {};

// Also in processes without a test that runs.
void must(bool held) {
  if (!held) throw std::logic_error{"it did not come as it should"};
}

class Worker : public Actor<Worker, Enter, Pass, Sleep, TryLock, LeaveLocked, Ping> {
 public:
  Task<void> on(const Enter& enter) {
    must(co_await enter.lock.lock_async());
    const int now = enter.inside += 1;
    if (now > enter.most.get()) enter.most = now;
    co_await sleep_for(1ms);  // others of this actor have their turns, and do not get in
    enter.inside -= 1;
    must(enter.lock.mine());
    enter.lock.unlock();
  }
  Task<std::uint64_t> on(const Pass& pass) {
    must(co_await pass.semaphore.acquire_async());
    (void)co_await pass.event.wait_async(1ms);
    pass.semaphore.release();
    must(co_await pass.event.wait_async());
    co_return co_await pass.barrier.arrive_async();
  }
  Task<bool> on(const Sleep& sleep) {
    must(co_await sleep.condition.lock_async());
    sleep.asleep.set();
    const bool notified = co_await sleep.condition.wait_async();
    sleep.condition.unlock();
    co_return notified;
  }
  Task<bool> on(const TryLock& attempt) { co_return co_await attempt.lock.lock_async(1ms); }
  Task<void> on(const LeaveLocked& leave) {
    co_await leave.lock.lock_async();
    const std::unique_lock held{leave.lock, std::adopt_lock};
    co_await sleep_for(1h);
  }
  int on(const Ping&) const { return 1; }
};

}  // namespace

TEST_CASE("handlers of one actor that await a lock hold it one at a time") {
  Stage stage{GENERATE(every_place)};
  const Lock lock{stage.node};
  const Value<int> inside{stage.node, 0};
  const Value<int> most{stage.node, 0};
  const auto worker = stage.spawn<Worker>();
  std::vector<Future<void>> entered;
  for (int i = 0; i < 10; ++i) entered.push_back(worker.ask(Enter{lock, inside, most}, 60s));

  for (auto& each : entered) each.get();

  CHECK(most.get() == 1);
  CHECK_FALSE(lock.locked());
}

TEST_CASE("a lock that another handler of the same actor holds is waited for in vain") {
  Stage stage;
  const Lock lock{stage.node};
  const auto worker = stage.spawn<Worker>();
  auto left = worker.ask(LeaveLocked{lock}, 60s);
  REQUIRE(eventually([&] { return lock.locked(); }));

  CHECK_FALSE(worker.ask(TryLock{lock}).get());

  worker.stop();  // its frames are destroyed, and what they hold with them
  CHECK(error_of(std::move(left)).code == Errc::closed);
  CHECK(lock.try_lock_for(soon));
  CHECK_FALSE(lock.abandoned());
}

TEST_CASE("a handler awaits semaphores, events and barriers, and its actor goes on") {
  Stage stage{GENERATE(every_place)};
  const Semaphore semaphore{stage.node, 1};
  const Event event{stage.node};
  const Barrier barrier{stage.node, 3};
  const auto worker = stage.spawn<Worker>();
  auto one = worker.ask(Pass{semaphore, event, barrier}, 60s);
  auto other = worker.ask(Pass{semaphore, event, barrier}, 60s);
  CHECK(worker.ask(Ping{}).get() == 1);

  event.set();
  const std::uint64_t mine = barrier.arrive_and_wait_for(soon);

  CHECK(one.get() + other.get() + mine == 0 + 1 + 2);
  CHECK(semaphore.value() == 1);
}

TEST_CASE("a barrier that is aborted says so to who awaits it") {
  Stage stage;
  const Barrier barrier{stage.node, 2, {.name = "gate"}};
  auto passed = barrier.arrive_async();
  REQUIRE(eventually([&] { return barrier.waiting() == 1; }));

  barrier.abort();

  CHECK_THROWS_AS(passed.get(), BrokenBarrier);
  CHECK_THROWS_AS(barrier.arrive_async().get(), BrokenBarrier);
}

TEST_CASE("a handler awaits a condition with the lock given back meanwhile") {
  Stage stage{GENERATE(every_place)};
  const Condition condition{stage.node};
  const Event asleep{stage.node};
  const auto worker = stage.spawn<Worker>();
  auto slept = worker.ask(Sleep{condition, asleep}, 60s);
  CHECK(asleep.wait_for(soon));

  condition.lock();
  condition.notify_one();
  condition.unlock();

  CHECK(slept.get());
}

TEST_CASE("the end of a process can be awaited, and giving that up harms nobody who joins") {
  Stage stage;
  const Process process = endless(stage.node);
  auto given_up = process.join_async();
  auto joined = process.join_async();
  CHECK_FALSE(joined.ready());
  CHECK(given_up.cancel());

  process.kill();

  joined.get(soon);
  CHECK(process.join_for(soon));
  CHECK(process.exit_code() == -9);
}
