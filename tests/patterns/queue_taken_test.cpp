// troupe: actors in processes. Apache-2.0, see LICENSE.
// Items that are taken from a queue to be worked on, and come back unless they are done.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using troupe::Process;
using troupe::Queue;
using troupe::Taken;

namespace {

constexpr auto soon = 20s;

template <class T>
Queue<T> queue_at(Stage& stage, Where where, troupe::QueueOptions options = {}) {
  options.place = where == Where::here ? troupe::here : troupe::own_process;
  options.name = "tea";
  return Queue<T>{stage.node, std::move(options)};
}

}  // namespace

TEST_CASE("an item that is taken is nobody else's, counts, and is gone when it is done") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<std::string>(stage, where, {.capacity = 2});
  queue.put("green");
  queue.put("black");

  auto taken = queue.take();

  CHECK(*taken == "green");
  CHECK(taken->size() == 5);
  CHECK(taken.delivery() == 1);
  CHECK(queue.size() == 2);
  CHECK(queue.full());
  CHECK_FALSE(queue.try_put("white"));
  CHECK(queue.get() == "black");
  CHECK_FALSE(queue.try_get());
  CHECK_FALSE(queue.try_take());
  CHECK(taken.done());
  CHECK_FALSE(taken);
  CHECK(queue.empty());
  CHECK_THROWS_AS(taken.done(), troupe::Misuse);
  CHECK_THROWS_AS(taken.renew(1s), troupe::Misuse);
}

TEST_CASE("an item that is given back, dropped or lost by an exception is the first again, and counts its deliveries") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put_many({1, 2, 3});
  const auto fail = [&] {
    const auto taken = queue.take();
    if (*taken == 1) throw std::runtime_error{"that was it"};
  };

  queue.take().give_back();
  CHECK_THROWS_AS(fail(), std::runtime_error);
  { const auto dropped = queue.take(); }

  auto first = queue.take();
  CHECK(*first == 1);
  CHECK(first.delivery() == 4);
  auto second = queue.take();
  CHECK(*second == 2);
  CHECK(second.delivery() == 1);
  second.give_back();
  second.give_back();
  first = queue.take();
  CHECK(*first == 2);
  CHECK(queue.get_many(5) == std::vector<int>{1, 3});
}

TEST_CASE("every form of take waits as long as it may") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);

  CHECK_FALSE(queue.try_take());
  CHECK_FALSE(queue.try_take_for(20ms));
  CHECK_THROWS_AS(queue.take({.patience = 20ms}), troupe::Timeout);
  CHECK_THROWS_AS(queue.take({.lease = 0s}), troupe::Misuse);
  auto waits = queue.take_async();
  auto waiting = std::async(std::launch::async, [queue]() mutable { return *queue.take(); });
  queue.put(1);
  auto first = waits.get(soon);
  CHECK(*first == 1);
  queue.put(2);
  CHECK(waiting.get() == 2);
  CHECK(first.done_async().get());
  CHECK(*queue.take({.patience = soon}) == 2);
}

TEST_CASE("when the lease ends the item is somebody else's, and who had it hears so") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put(1);

  auto late = queue.take({.lease = 20ms});
  auto next = queue.take({.patience = soon});

  CHECK(*next == 1);
  CHECK(next.delivery() == 2);
  CHECK_FALSE(late.renew(1h));
  CHECK_FALSE(late.done());
  CHECK(next.done());
  CHECK(queue.empty());
}

TEST_CASE("a lease that is renewed goes on") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put(1);
  auto taken = queue.take({.lease = 10s});

  CHECK(taken.renew(30ms));
  CHECK(*queue.take({.patience = soon}) == 1);
  CHECK_FALSE(taken.done());

  auto other = queue.take({.patience = soon, .lease = 30s});
  CHECK(other.renew(1h));
  CHECK(other.done());
}

TEST_CASE("a handler takes by co_await, and an item whose future was cancelled stays untouched") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);

  auto cancelled = queue.take_async();
  REQUIRE(cancelled.cancel());
  queue.put(1);
  auto taken = queue.take({.patience = soon});
  CHECK(*taken == 1);
  CHECK(taken.delivery() == 1);

  { auto dropped = queue.take_async(); }
  queue.put(2);
  CHECK(*queue.take({.patience = soon}) == 2);
}

namespace {

struct WorkOne {
  Queue<int> queue;
};
class Worker : public troupe::Actor<Worker, WorkOne> {
 public:
  troupe::Task<int> on(WorkOne work) {
    auto taken = co_await work.queue.take_async();
    const int item = *taken;
    (void)co_await taken.done_async();
    co_return item;
  }
};

struct Letters {};
class Undertaker : public troupe::Actor<Undertaker, troupe::DeadLetter, Letters> {
 public:
  void on(const troupe::DeadLetter& letter) { letters_.push_back(letter.message + " of " + letter.target + ": " + letter.text); }
  std::vector<std::string> on(const Letters&) const { return letters_; }

 private:
  std::vector<std::string> letters_;
};

}  // namespace

TEST_CASE("actors take and are done without blocking") {
  Stage stage{GENERATE(every_place)};
  Queue<int> queue{stage.node};
  std::vector<troupe::Future<int>> done;
  for (int i = 0; i < 3; ++i) done.push_back(stage.spawn<Worker>().ask(WorkOne{queue}));

  queue.put_many({1, 2, 3});

  int sum = 0;
  for (auto& each : done) sum += each.get(soon);
  CHECK(sum == 6);
  CHECK(queue.empty());
}

TEST_CASE("an item that was taken as often as it may be is a dead letter that names the queue, and join does not wait for it") {
  Stage stage;
  Queue<int> queue{stage.node, {.name = "tea", .max_deliveries = 2}};
  const auto undertaker = stage.spawn<Undertaker>();
  stage.node.watch_dead_letters(undertaker);
  queue.put_many({1, 2});

  for (int i = 0; i < 2; ++i) {
    auto taken = queue.take({.patience = soon});
    CHECK(*taken == 1);
    CHECK(taken.delivery() == static_cast<std::uint32_t>(i + 1));
    taken.give_back();
    CHECK(queue.size() == (i == 0 ? 2U : 1U));
  }
  auto second = queue.take({.patience = soon});
  CHECK(*second == 2);
  CHECK(second.done());

  CHECK(queue.join_for(soon));
  REQUIRE(eventually([&] { return !undertaker.ask(Letters{}).get().empty(); }));
  const auto letters = undertaker.ask(Letters{}).get();
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().find("int of the queue 'tea'") == 0);
  CHECK(letters.front().find("2 times") != std::string::npos);
}

TEST_CASE("join waits for what is taken until it is done") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put(1);
  auto taken = queue.take();

  CHECK_FALSE(queue.join_for(20ms));
  CHECK(taken.done());
  CHECK(queue.join_for(soon));
  CHECK_THROWS_AS(queue.task_done(), troupe::Misuse);
}

TEST_CASE("a closed queue ends when what was taken is done, and not before") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put_many({1, 2});
  auto first = queue.take();
  auto second = queue.take();
  queue.close();

  CHECK_FALSE(queue.try_get());
  auto next = std::async(std::launch::async, [queue]() mutable { return queue.next(); });
  first.give_back();
  CHECK(next.get() == 1);
  auto end = std::async(std::launch::async, [queue]() mutable { return queue.next(); });
  CHECK(second.done());
  CHECK_FALSE(end.get());
  CHECK_THROWS_AS(queue.take(), troupe::EndOfStream);
}

TEST_CASE("who puts into a full queue waits until what is taken is done") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where, {.capacity = 1});
  queue.put(1);
  auto taken = queue.take();
  auto put = queue.put_async(2);
  CHECK_FALSE(queue.try_put(3));
  CHECK_FALSE(put.ready());

  CHECK(taken.done());

  put.get(soon);
  CHECK(queue.get() == 2);
}

TEST_CASE("what a process had taken when it was killed is first again, in its order") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};
  Queue<int> started{stage.node};
  queue.put_many({1, 2, 3, 4});
  const Process process = stage.node.start(
      [](Queue<int> from, Queue<int> to) {
        std::vector<Taken<int>> taken;
        for (int i = 0; i < 3; ++i) taken.push_back(from.take());
        (void)taken[1].done();
        to.put(::getpid());
        ::pause();
      },
      queue, started);

  ::kill(started.get(soon), SIGKILL);

  auto first = queue.take({.patience = soon});
  std::optional<Taken<int>> last;
  if (*first == 4) {  // it was not known to be dead yet
    last = std::move(first);
    first = queue.take({.patience = soon});
  }
  auto second = queue.take({.patience = soon});
  CHECK(*first == 1);
  CHECK(first.delivery() == 2);
  CHECK(*second == 3);
  CHECK(second.delivery() == 2);
  CHECK(first.done());
  CHECK(second.done());
  if (!last) last = queue.take();
  CHECK(**last == 4);
  CHECK(last->delivery() == 1);
}

TEST_CASE("the owner's end is Closed for who wants to be done, and the object goes quietly") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto queue = queue_at<int>(stage, where);
  queue.put_many({1, 2});
  auto taken = queue.take();
  {
    const auto other = queue.take();
    queue.destroy();
  }

  CHECK_THROWS_AS(taken.done(), troupe::Closed);
}

namespace {

constexpr int tasks = 300;

/// Says which item it begins and which it is done with.
void work(Queue<int> tasks_left, Queue<std::pair<int, int>> begun, Queue<int> finished) {
  while (true) {
    std::optional<Taken<int>> taken;
    try {
      taken.emplace(tasks_left.take());
    } catch (const troupe::EndOfStream&) {
      return;
    }
    begun.put_confirmed({**taken, ::getpid()});
    if (taken->done()) finished.put_confirmed(**taken);
  }
}

}  // namespace

TEST_CASE("R13 takers that are killed under load lose nothing, and no item is with two at the same time") {
  Stage stage{Where::ipc};
  Queue<int> left{stage.node};
  Queue<std::pair<int, int>> begun{stage.node};
  Queue<int> finished{stage.node};
  for (int i = 0; i < tasks; ++i) left.put(i);
  std::vector<Process> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(stage.node.start<work>(left, begun, finished));

  std::vector<std::pair<int, int>> all;
  std::set<int> killed;
  for (int victim = 0; victim < 6; ++victim) {
    for (int i = 0; i < 20; ++i) all.push_back(begun.get(soon));
    const std::size_t place = static_cast<std::size_t>(victim) % workers.size();
    killed.insert(static_cast<int>(workers[place].pid()));
    workers[place].kill();
    workers[place].join();
    workers[place] = stage.node.start<work>(left, begun, finished);
  }
  left.close();
  REQUIRE(left.join_for(30s));
  for (auto& worker : workers) worker.join();

  while (auto each = begun.try_get()) all.push_back(*each);
  std::set<int> seen;
  for (int item = 0; item < tasks; ++item) {
    std::vector<int> takers;
    for (const auto& [of, pid] : all)
      if (of == item) takers.push_back(pid);
    REQUIRE_FALSE(takers.empty());
    for (std::size_t i = 0; i + 1 < takers.size(); ++i) CHECK(killed.count(takers[i]) == 1);  // only who died had it before
  }
  std::size_t done = 0;
  while (finished.try_get()) ++done;
  CHECK(done <= tasks);
  CHECK(left.empty());
}
