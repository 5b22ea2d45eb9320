// troupe: actors in processes. Apache-2.0, see LICENSE.
// Queues between processes, and what is left of them when somebody dies.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <string>
#include <vector>

using troupe::Queue;

namespace {

struct Fill {
  Queue<int> queue;
  int from = 0;
  int to = 0;
};
struct Drain {
  Queue<int> queue;
};
struct GetOne {
  Queue<int> queue;
};
struct AwaitOne {
  Queue<int> queue;
};
struct WorkOff {
  Queue<int> queue;
};
struct Pid {};

class Worker : public troupe::Actor<Worker, Fill, Drain, GetOne, AwaitOne, WorkOff, Pid> {
 public:
  void on(Fill fill) {
    for (int i = fill.from; i < fill.to; ++i) fill.queue.put(i);
  }
  std::vector<int> on(Drain drain) {
    std::vector<int> taken;
    for (const int item : drain.queue) taken.push_back(item);
    return taken;
  }
  int on(GetOne get) { return get.queue.get(); }
  troupe::Task<int> on(AwaitOne get) { co_return co_await get.queue.get_async(); }
  int on(WorkOff work) {
    int done = 0;
    while (work.queue.next()) {
      work.queue.task_done();
      ++done;
    }
    return done;
  }
  int on(const Pid&) const { return ::getpid(); }
};

/// Forwards every item, and its handle has come inside of another message.
struct Ways {
  std::vector<Queue<std::string>> queues;
};
class Forwarder : public troupe::Actor<Forwarder, Ways> {
 public:
  void on(Ways ways) {
    while (auto item = ways.queues.front().next()) ways.queues.back().put(*item + "!");
    ways.queues.back().close();
  }
};

}  // namespace

TEST_CASE("Q04 what another process puts is taken in that order by every form of get") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};
  stage.spawn<Worker>().ask(Fill{queue, 1, 6}).get();

  CHECK(queue.try_get() == 1);
  CHECK(queue.get() == 2);
  CHECK(queue.get(1s) == 3);
  CHECK(queue.next() == 4);
  CHECK(queue.get_async().get(5s) == 5);
  CHECK(queue.empty());
}

TEST_CASE("Q08 join waits for four workers to work off ten items") {
  Stage stage{GENERATE(every_place)};
  Queue<int> queue{stage.node};
  std::vector<troupe::Future<int>> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(stage.spawn<Worker>().ask(WorkOff{queue}, 60s));

  for (int i = 0; i < 10; ++i) queue.put(i);
  CHECK(queue.join_for(30s));
  queue.close();

  int done = 0;
  for (auto& worker : workers) done += worker.get(30s);
  CHECK(done == 10);
}

TEST_CASE("Q16 a queue is full, drained and empty again as seen from two processes") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node, {.capacity = 2}};
  queue.put(5);
  queue.put(6);
  REQUIRE(queue.full());
  const auto worker = stage.spawn<Worker>();

  CHECK(worker.ask(GetOne{queue}).get() == 5);
  CHECK(queue.size() == 1);
  CHECK(worker.ask(AwaitOne{queue}).get() == 6);
  CHECK(queue.empty());
  CHECK_FALSE(queue.full());
}

TEST_CASE("producers and consumers in processes: nothing is lost, doubled or out of order, at any capacity") {
  const Where where = GENERATE(every_place);
  const auto capacity = GENERATE(as<std::uint64_t>{}, 1, 7, troupe::unbounded);
  constexpr int each = 300;
  Stage stage{where};
  Queue<int> queue{stage.node, {.capacity = capacity}};
  std::vector<troupe::Future<std::vector<int>>> consumers;
  for (int i = 0; i < 2; ++i) consumers.push_back(stage.spawn<Worker>().ask(Drain{queue}, 60s));
  std::vector<troupe::Future<void>> producers;
  for (int i = 0; i < 2; ++i) producers.push_back(stage.spawn<Worker>().ask(Fill{queue, i * each, (i + 1) * each}, 60s));

  for (auto& producer : producers) producer.get();
  queue.close();

  std::vector<int> all;
  for (auto& consumer : consumers) {
    const auto taken = consumer.get();
    std::vector<int> last(2, -1);
    for (const int item : taken) {
      int& before = last[static_cast<std::size_t>(item / each)];
      CHECK(before < item);
      before = item;
    }
    all.insert(all.end(), taken.begin(), taken.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<int> expected(2 * each);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(all == expected);
}

TEST_CASE("a queue lives in a process of its own, for handles that travelled inside of messages") {
  Stage stage{GENERATE(other_processes)};
  Queue<std::string> in{stage.node, {.place = troupe::own_process}};
  Queue<std::string> out{stage.node, {.place = troupe::own_process}};
  stage.spawn<Forwarder>().tell(Ways{{in, out}});

  in.put("tea");
  in.put("milk");
  in.close();

  CHECK(out.try_get_for(20s) == "tea!");
  CHECK(out.try_get_for(20s) == "milk!");
  CHECK_FALSE(out.next());
}

TEST_CASE("a getter that died while it waited gets nothing: the item goes to the next one") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};
  const auto mortal = stage.spawn<Worker>();
  const int pid = mortal.ask(Pid{}).get();
  auto dies = mortal.ask(AwaitOne{queue}, 60s);
  mortal.ask(Pid{}).get();  // it waits by now
  ::kill(pid, SIGKILL);
  CHECK(error_of(std::move(dies)).type == troupe::ErrorType::actor_died);

  auto lives = queue.get_async();
  queue.put(1);

  CHECK(lives.get(20s) == 1);
}

TEST_CASE("a putter that died while it waited for room keeps nobody behind it waiting") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node, {.capacity = 1}};
  queue.put(1);
  const auto mortal = stage.spawn<Worker>();
  const int pid = mortal.ask(Pid{}).get();
  auto dies = mortal.ask(Fill{queue, 2, 3}, 60s);
  REQUIRE(eventually([&] { return !queue.try_put_for(9, 5ms); }));
  ::kill(pid, SIGKILL);
  CHECK(error_of(std::move(dies)).type == troupe::ErrorType::actor_died);

  auto lives = queue.put_async(4);
  CHECK(queue.get() == 1);
  lives.get(20s);
  CHECK(queue.get() == 4);
  CHECK(queue.empty());
}

TEST_CASE("a killed owner is never a silent end: get, next, put and loops say that it died") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node, {.place = troupe::own_process}};
  queue.put(1);
  auto waiting = std::async(std::launch::async, [queue]() mutable {
    int seen = 0;
    for (const int item : queue) seen += item;
    return seen;
  });
  REQUIRE(eventually([&] { return queue.empty(); }));

  for (const pid_t owner : children_of(::getpid())) ::kill(owner, SIGKILL);

  CHECK_THROWS_AS(waiting.get(), troupe::ActorDied);
  CHECK_THROWS_AS(queue.next(), troupe::ActorDied);
  CHECK_THROWS_AS(queue.get(), troupe::ActorDied);
  CHECK_THROWS_AS(queue.put(1), troupe::ActorDied);
}

TEST_CASE("handlers may wait in queues, and other actors go on") {
  Stage stage;
  Queue<int> queue{stage.node};
  std::vector<troupe::Future<int>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(stage.spawn<Worker>().ask(GetOne{queue}));

  for (int i = 0; i < 8; ++i) queue.put(i);

  int sum = 0;
  for (auto& each : waiting) sum += each.get();
  CHECK(sum == 28);
}
