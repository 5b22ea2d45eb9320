// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a queue does for those who use it much: slots and leases, and that nobody else notices.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <vector>

using troupe::Queue;

namespace {

constexpr int many = 2000;

struct Put {
  Queue<int> queue;
  int from = 0;
  int to = 0;
};
struct Get {
  Queue<int> queue;
  int count = 0;
};
struct Drain {
  Queue<int> queue;
};
struct Pid {};

/// Keeps its handles, as a process does that goes on: what it was granted or leased stays with it.
class Worker : public troupe::Actor<Worker, Put, Get, Drain, Pid> {
 public:
  int on(Put put) {
    handles_.push_back(put.queue);
    for (int i = put.from; i < put.to; ++i) handles_.back().put(i);
    return ::getpid();
  }
  std::vector<int> on(Get get) {
    handles_.push_back(get.queue);
    std::vector<int> taken;
    for (int i = 0; i < get.count; ++i) taken.push_back(handles_.back().get());
    return taken;
  }
  std::vector<int> on(Drain drain) {
    std::vector<int> taken;
    for (const int item : drain.queue) taken.push_back(item);
    return taken;
  }
  int on(const Pid&) const { return ::getpid(); }

 private:
  std::vector<Queue<int>> handles_;
};

std::vector<int> numbers(int from, int to) {
  std::vector<int> all(static_cast<std::size_t>(to - from));
  std::iota(all.begin(), all.end(), from);
  return all;
}

std::vector<int> rest_of(Queue<int>& queue) {
  std::vector<int> rest;
  while (auto item = queue.try_get()) rest.push_back(*item);
  return rest;
}

}  // namespace

TEST_CASE("much is put and got in order, at any capacity, wherever the two ends are") {
  const Where where = GENERATE(every_place);
  const auto capacity = GENERATE(as<std::uint64_t>{}, 3, 100, troupe::unbounded);
  Stage stage{where};
  Queue<int> queue{stage.node, {.capacity = capacity}};

  SECTION("put there, got here") {
    auto put = stage.spawn<Worker>().ask(Put{queue, 0, many}, 60s);
    for (int i = 0; i < many; ++i) REQUIRE(queue.get() == i);
    put.get();
  }
  SECTION("put here, got there") {
    auto got = stage.spawn<Worker>().ask(Drain{queue}, 60s);
    for (int i = 0; i < many; ++i) queue.put(i);
    queue.close();
    CHECK(got.get() == numbers(0, many));
  }
  CHECK(queue.empty());
}

TEST_CASE("close waits for what was put into slots: no put that returned is lost") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  for (int round = 0; round < 20; ++round) {
    Queue<int> queue{stage.node};
    const auto worker = stage.spawn<Worker>();
    worker.ask(Put{queue, 0, 100}, 60s).get();
    for (int i = 100; i < 150; ++i) queue.put(i);

    queue.close();

    CHECK_THROWS_AS(queue.put(1), troupe::Closed);
    CHECK(error_of(worker.ask(Put{queue, 0, 1}, 60s)).cause->type == troupe::ErrorType::closed);
    int left = 0;
    while (queue.next()) ++left;
    CHECK(left == 150);
  }
}

TEST_CASE("slots that a process holds are recalled before others are told that the queue is full") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node, {.capacity = 200}};
  stage.spawn<Worker>().ask(Put{queue, 0, 50}, 60s).get();

  for (int i = 50; i < 200; ++i) REQUIRE(queue.try_put(i));

  CHECK_FALSE(queue.try_put(200));
  CHECK(queue.full());
  CHECK(rest_of(queue) == numbers(0, 200));
}

TEST_CASE("slots of a process that died are free") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node, {.capacity = 200}};
  const auto mortal = stage.spawn<Worker>();
  const int pid = mortal.ask(Put{queue, 0, 50}, 60s).get();
  ::kill(pid, SIGKILL);

  for (int i = 50; i < 200; ++i) queue.put(i);

  CHECK_FALSE(queue.try_put(200));
  CHECK(rest_of(queue) == numbers(0, 200));
}

TEST_CASE("items that a process holds are first again when somebody else wants one, and count until then") {
  Stage stage{GENERATE(every_place)};
  Queue<int> queue{stage.node};
  queue.put_many(numbers(0, 500));
  const auto worker = stage.spawn<Worker>();

  CHECK(worker.ask(Get{queue, 30}, 60s).get() == numbers(0, 30));
  CHECK(queue.size() == 470);
  CHECK(worker.ask(Get{queue, 30}, 60s).get() == numbers(30, 60));
  CHECK(queue.get() == 60);
  CHECK(rest_of(queue) == numbers(61, 500));
}

TEST_CASE("items that a process held when it died are first again") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};
  queue.put_many(numbers(0, 500));
  const auto mortal = stage.spawn<Worker>();
  const int pid = mortal.ask(Pid{}).get();
  CHECK(mortal.ask(Get{queue, 60}, 60s).get() == numbers(0, 60));
  ::kill(pid, SIGKILL);

  // What it took within its last moments may come again.
  const auto rest = rest_of(queue);
  REQUIRE_FALSE(rest.empty());
  CHECK(rest.front() <= 60);
  CHECK(rest.front() > 60 - 17);
  CHECK(rest == numbers(rest.front(), 500));
}

TEST_CASE("several getters of one process take turns with those of another, and nothing is lost or doubled") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Queue<int> queue{stage.node};
  auto there = stage.spawn<Worker>().ask(Drain{queue}, 60s);
  std::vector<std::future<std::vector<int>>> here;
  for (int i = 0; i < 2; ++i)
    here.push_back(std::async(std::launch::async, [queue]() mutable {
      std::vector<int> taken;
      for (const int item : queue) taken.push_back(item);
      return taken;
    }));

  for (int i = 0; i < many; ++i) queue.put(i);
  queue.close();

  auto all = there.get();
  CHECK(std::is_sorted(all.begin(), all.end()));
  for (auto& each : here) {
    const auto taken = each.get();
    CHECK(std::is_sorted(taken.begin(), taken.end()));
    all.insert(all.end(), taken.begin(), taken.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(all == numbers(0, many));
}

TEST_CASE("the other forms of get respect what the process holds already") {
  Stage stage{GENERATE(every_place)};
  Queue<int> queue{stage.node};
  queue.put_many(numbers(0, 500));
  for (int i = 0; i < 30; ++i) REQUIRE(queue.get() == i);

  CHECK(queue.try_get() == 30);
  CHECK(queue.get_async().get() == 31);
  CHECK(queue.try_get_many(3) == numbers(32, 35));
  for (int i = 35; i < 60; ++i) REQUIRE(queue.next() == i);
  const auto some = queue.get_many(1000);
  REQUIRE_FALSE(some.empty());
  CHECK(some.front() == 60);
  CHECK(queue.size() == 500 - 60 - some.size());
  CHECK(rest_of(queue) == numbers(60 + static_cast<int>(some.size()), 500));
}

TEST_CASE("the last handle of a process gives back what it held") {
  Stage stage;
  Queue<int> queue{stage.node, {.capacity = 1000}};
  queue.put_many(numbers(0, 500));
  {
    Queue<int> other;
    REQUIRE_FALSE(other);
    const auto worker = stage.spawn<Worker>();
    CHECK(worker.ask(Get{queue, 30}, 60s).get() == numbers(0, 30));
    worker.ask(Put{queue, 500, 530}, 60s).get();
    worker.stop();
  }

  CHECK(eventually([&] { return queue.size() == 500; }));
  CHECK(rest_of(queue) == numbers(30, 530));
}

TEST_CASE("a queue that is full and drained in turns never stands still") {
  Stage stage{GENERATE(every_place)};
  Queue<int> in{stage.node, {.capacity = 40}};
  auto put = stage.spawn<Worker>().ask(Put{in, 0, many}, 60s);
  auto other = stage.spawn<Worker>().ask(Put{in, many, 2 * many}, 60s);
  std::vector<int> all;
  while (all.size() < 2 * many) {
    const auto some = in.get_many(1 + all.size() % 50);
    all.insert(all.end(), some.begin(), some.end());
  }

  put.get();
  other.get();
  std::sort(all.begin(), all.end());
  CHECK(all == numbers(0, 2 * many));
}
