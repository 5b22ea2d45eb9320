// troupe: actors in processes. Apache-2.0, see LICENSE.
// Locks, semaphores and events: between threads and processes, timed, and after a death.
#include "actor/stage.hpp"

#include <signal.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <optional>
#include <vector>

using namespace troupe;

namespace {

PatternOptions at(Where where) { return {.name = "door", .place = where == Where::here ? here : own_process}; }

template <class Call>
auto timed(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::steady_clock::now() - begin;
}

/// Runs it on a thread of its own, which is another holder.
template <class Call>
auto elsewhere(Call call) {
  return std::async(std::launch::async, std::move(call)).get();
}

constexpr auto moment = 20ms;

struct TakeLock {
  Lock lock;
};
struct GiveLock {
  Lock lock;
};
struct TakeSemaphore {
  Semaphore semaphore;
};
struct Count {
  Lock lock;
  Queue<int> cell;
  int times = 0;
};
struct AwaitEvent {
  Event event;
};
struct Leave {
  int code = 0;
};
struct Pid {};

class Worker : public Actor<Worker, TakeLock, GiveLock, TakeSemaphore, Count, AwaitEvent, Leave, Pid> {
 public:
  void on(const TakeLock& take) { take.lock.lock(); }
  void on(const GiveLock& give) { give.lock.unlock(); }
  void on(const TakeSemaphore& take) { take.semaphore.acquire(); }
  void on(Count count) {
    for (int i = 0; i < count.times; ++i) {
      const std::scoped_lock held{count.lock};
      count.cell.put(count.cell.get() + 1);
    }
  }
  void on(const AwaitEvent& await) { await.event.wait(); }
  void on(const Leave& leave) { ::_exit(leave.code); }
  int on(const Pid&) const { return ::getpid(); }
};

}  // namespace

TEST_CASE("S01 a lock is taken once, and unlocked by its holder only") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Lock lock{stage.node, at(where)};

  lock.lock();
  CHECK(lock.locked());
  CHECK(lock.mine());
  CHECK_FALSE(lock.try_lock());
  CHECK_FALSE(elsewhere([&] { return lock.try_lock(); }));
  CHECK_FALSE(elsewhere([&] { return lock.mine(); }));
  CHECK_THROWS_AS(elsewhere([&] { lock.unlock(); }), Misuse);
  CHECK_THROWS_AS(lock.lock(), Misuse);
  lock.unlock();
  CHECK_FALSE(lock.locked());
  CHECK_THROWS_AS(lock.unlock(), Misuse);
  CHECK(elsewhere([&] { return lock.try_lock(); }));
}

TEST_CASE("S02 a recursive lock is taken and given back as often") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  RecursiveLock lock{stage.node, at(where)};

  for (int i = 0; i < 3; ++i) CHECK(lock.try_lock());
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(elsewhere([&] { return lock.try_lock(); }));
    lock.unlock();
  }
  CHECK_THROWS_AS(lock.unlock(), Misuse);
  CHECK(elsewhere([&] { return lock.try_lock(); }));
}

TEST_CASE("a timed lock waits that long, and is handed on in the order of coming") {
  Stage stage;
  Lock lock{stage.node};
  lock.lock();

  CHECK(elsewhere([&] { return timed([&] { CHECK_FALSE(lock.try_lock_for(moment)); }); }) >= moment);
  auto waits = std::async(std::launch::async, [&] {
    const bool held = lock.try_lock_for(20s);
    lock.unlock();
    return held;
  });
  lock.unlock();
  CHECK(waits.get());
  CHECK(lock.try_lock_for(20s));
}

TEST_CASE("a lock keeps processes and threads from each other") {
  const Where where = GENERATE(every_place);
  constexpr int times = 50;
  Stage stage{where};
  Lock lock{stage.node};
  Queue<int> cell{stage.node};
  cell.put(0);
  std::vector<Future<void>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(stage.spawn<Worker>().ask(Count{lock, cell, times}, 60s));
  for (int i = 0; i < times; ++i) {
    const std::scoped_lock held{lock};
    cell.put(cell.get() + 1);
  }

  for (auto& worker : workers) worker.get();

  CHECK(cell.get() == 4 * times);
}

TEST_CASE("a lock whose holder's process dies is free, and abandoned until the next unlock") {
  Stage stage{GENERATE(other_processes)};
  Lock lock{stage.node};
  const auto mortal = stage.spawn<Worker>();
  mortal.ask(TakeLock{lock}).get();
  REQUIRE(lock.locked());
  CHECK_FALSE(lock.try_lock());
  auto waits = std::async(std::launch::async, [&] {
    const bool held = lock.try_lock_for(20s);
    const bool abandoned = lock.abandoned();
    lock.unlock();
    return held && abandoned;
  });

  SECTION("killed") { mortal.kill(); }
  SECTION("by itself") { mortal.tell(Leave{3}); }

  CHECK(waits.get());
  CHECK_FALSE(lock.abandoned());
}

TEST_CASE("who dies while it waits for a lock is passed over") {
  Stage stage{GENERATE(other_processes)};
  Lock lock{stage.node};
  lock.lock();
  const auto mortal = stage.spawn<Worker>();
  auto waits = mortal.ask(TakeLock{lock}, 60s);
  mortal.kill();
  CHECK(error_of(std::move(waits)).type == ErrorType::actor_died);

  lock.unlock();

  CHECK(elsewhere([&] { return lock.try_lock_for(20s); }));
}

TEST_CASE("a lock belongs to the actor that takes it, over its turns") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Lock lock{stage.node};
  const auto one = stage.spawn<Worker>();
  const auto other = stage.spawn<Worker>();
  one.ask(TakeLock{lock}).get();

  CHECK_THROWS_AS(other.ask(GiveLock{lock}).get(), RemoteError);
  CHECK_THROWS_AS(one.ask(TakeLock{lock}).get(), RemoteError);
  one.ask(GiveLock{lock}).get();
  CHECK(lock.try_lock());
}

TEST_CASE("S07 a semaphore counts, also beyond what it had at first") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Semaphore semaphore{stage.node, 2, at(where)};

  CHECK(semaphore.value() == 2);
  semaphore.acquire();
  CHECK(semaphore.value() == 1);
  semaphore.acquire();
  CHECK(semaphore.value() == 0);
  CHECK_FALSE(semaphore.try_acquire());
  CHECK(timed([&] { CHECK_FALSE(semaphore.try_acquire_for(moment)); }) >= moment);
  semaphore.release();
  CHECK(semaphore.value() == 1);
  semaphore.release(3);
  CHECK(semaphore.value() == 4);
}

TEST_CASE("S08 a bounded semaphore never has more than at first") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  BoundedSemaphore semaphore{stage.node, 2, at(where)};
  semaphore.acquire();
  semaphore.acquire();
  semaphore.release();
  semaphore.release();

  CHECK_THROWS_AS(semaphore.release(), Misuse);
  CHECK(semaphore.value() == 2);
}

TEST_CASE("S29 what a worker acquires others see, and may release") {
  Stage stage{GENERATE(every_place)};
  Semaphore semaphore{stage.node, 1};
  const auto worker = stage.spawn<Worker>();
  worker.ask(TakeSemaphore{semaphore}).get();
  CHECK(semaphore.value() == 0);
  auto waits = worker.ask(TakeSemaphore{semaphore});

  semaphore.release();

  waits.get(20s);
  CHECK(semaphore.value() == 0);
  CHECK_FALSE(semaphore.abandoned());
}

TEST_CASE("what a killed process had acquired is given back, to who waits") {
  Stage stage{GENERATE(other_processes)};
  Semaphore semaphore{stage.node, 2};
  const auto mortal = stage.spawn<Worker>();
  mortal.ask(TakeSemaphore{semaphore}).get();
  mortal.ask(TakeSemaphore{semaphore}).get();
  REQUIRE(semaphore.value() == 0);

  mortal.kill();

  CHECK(semaphore.try_acquire_for(20s));
  CHECK(semaphore.abandoned());
  CHECK(semaphore.value() == 1);
  semaphore.release();
  CHECK(semaphore.value() == 2);
  CHECK_FALSE(semaphore.abandoned());
}

TEST_CASE("an event lets all go who wait for it, until it is cleared") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Event event{stage.node, at(where)};
  CHECK_FALSE(event.is_set());
  CHECK(timed([&] { CHECK_FALSE(event.wait_for(moment)); }) >= moment);
  std::vector<Future<void>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(stage.spawn<Worker>().ask(AwaitEvent{event}));
  auto here_too = std::async(std::launch::async, [event] { return event.wait_for(20s); });

  event.set();

  for (auto& each : waiting) each.get(20s);
  CHECK(here_too.get());
  CHECK(event.is_set());
  event.wait();
  event.clear();
  CHECK_FALSE(event.wait_for(0s));
}

TEST_CASE("empty handles of locks, semaphores and events are misused by every call") {
  CHECK_FALSE(Lock{});
  CHECK_THROWS_AS(Lock{}.lock(), Misuse);
  CHECK_THROWS_AS(RecursiveLock{}.try_lock(), Misuse);
  CHECK_THROWS_AS(Semaphore{}.acquire(), Misuse);
  CHECK_THROWS_AS(BoundedSemaphore{}.value(), Misuse);
  CHECK_THROWS_AS(Event{}.set(), Misuse);
}

TEST_CASE("R28 who waits for a lock, a semaphore or an event is told when its owner ends") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Lock lock{stage.node, at(where)};
  Semaphore semaphore{stage.node, 0, at(where)};
  Event event{stage.node, at(where)};
  lock.lock();
  auto locks = std::async(std::launch::async, [&] { lock.lock(); });
  auto acquires = std::async(std::launch::async, [&] { semaphore.acquire(); });
  auto waits = std::async(std::launch::async, [&] { event.wait(); });

  lock.destroy();
  semaphore.destroy();
  event.destroy();

  CHECK_THROWS_AS(locks.get(), Closed);
  CHECK_THROWS_AS(acquires.get(), Closed);
  CHECK_THROWS_AS(waits.get(), Closed);
}
