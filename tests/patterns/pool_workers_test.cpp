// troupe: actors in processes. Apache-2.0, see LICENSE.
// The workers of a pool: begun with an initializer, replaced in time, more and fewer of them; what they share; pools within them.
#include "patterns/pools.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace troupe;

namespace {

int state = 0;
void set_state(int to) { state += to; }
int get_state(int) { return state; }

void fail_to_begin() { throw std::out_of_range{"no table"}; }
void leave_at_once() { std::_Exit(3); }
void fail_in_second(const Value<int>& begun, int last) {
  if ((begun += 1) > last) throw std::out_of_range{"no more tables"};
}

}  // namespace

// Two lambdas in functions of equal names, in two namespaces: each runs its own.
namespace {
namespace first {
auto task() {
  return [](int n) { return n + 1000; };
}
}  // namespace first
namespace second {
auto task() {
  return [](int n) { return n + 2000; };
}
}  // namespace second
}  // namespace

TEST_CASE("R34 lambdas in functions of equal names run each their own body") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};

  CHECK(pool.apply(first::task(), 1) == 1001);
  CHECK(pool.apply(second::task(), 1) == 2001);
}

TEST_CASE("O31 F19 the initializer runs once in each worker, before its tasks") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2, .initializer = PoolInitializer::calling<set_state>(7)}};

  const auto states = pool.map<get_state>(numbers_to(50));

  CHECK(std::count(states.begin(), states.end(), 7) == 50);
  CHECK(state == 0);
  Pool other{stage.node, {.workers = 1, .initializer = [] { state = 9; }}};
  CHECK(other.apply<get_state>(0) == 9);
}

TEST_CASE("O32 R35 an initializer that fails ends the making of the pool with its error, and starts nothing again") {
  Stage stage;
  const auto began = std::chrono::steady_clock::now();

  CHECK_THROWS_AS((Pool{stage.node, {.workers = 3, .initializer = PoolInitializer::calling<fail_to_begin>()}}), std::out_of_range);
  CHECK_THROWS_AS((Pool{stage.node, {.workers = 2, .initializer = PoolInitializer::calling<leave_at_once>()}}), WorkerDied);

  CHECK(std::chrono::steady_clock::now() - began < 4s);
  CHECK(Pool{stage.node, {.workers = 1}}.apply<square>(2) == 4);
}

TEST_CASE("O32 when the fourth of five workers cannot begin, the others are ended") {
  Stage stage;
  Value<int> begun{stage.node, 0};

  CHECK_THROWS_AS((Pool{stage.node, {.workers = 5, .initializer = PoolInitializer::calling<fail_in_second>(begun, 3)}}), std::out_of_range);
}

TEST_CASE("a pool whose workers cannot be replaced ends its tasks with the reason, and takes no more") {
  CapturedLog log;
  Stage stage;
  Value<int> begun{stage.node, 0};
  Pool pool{stage.node, {.workers = 1, .initializer = PoolInitializer::calling<fail_in_second>(begun, 1)}};
  CHECK(pool.apply<square>(2) == 4);
  ::kill(pool.pids().front(), SIGKILL);

  CHECK_THROWS_AS(pool.apply<square>(3), std::out_of_range);
  CHECK_THROWS_AS(pool.apply<square>(3), std::out_of_range);
  pool.join();
}

TEST_CASE("F17 a worker is replaced after as many tasks as it may have") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1, .max_tasks_per_worker = 3}};
  std::vector<int> pids;
  for (int n = 0; n < 4; ++n) pids.push_back(pool.apply<pid_of>(0));

  CHECK((pids[0] == pids[1] && pids[1] == pids[2]));
  CHECK(pids[3] != pids[0]);
  CHECK(pool.alive() == 1);
}

TEST_CASE("O43 each task has a process of its own if a worker may have one") {
  Stage stage;
  Pool pool{stage.node, {.workers = 5, .max_tasks_per_worker = 1}};

  const auto pids = pool.map<pid_of>(numbers_to(20));

  CHECK(std::set<int>(pids.begin(), pids.end()).size() == 20);
}

TEST_CASE("O28 a pool that is closed and joined at once does all tasks, one for each worker") {
  Stage stage;
  Pool pool{stage.node, {.workers = 3, .max_tasks_per_worker = 1}};
  std::vector<Future<int>> futures;
  for (int n = 0; n < 6; ++n)
    futures.push_back(pool.apply_async(
        [](int m) {
          std::this_thread::sleep_for(30ms);
          return m;
        },
        n));
  pool.close();
  pool.join();

  for (int n = 0; n < 6; ++n) CHECK(futures[static_cast<std::size_t>(n)].get() == n);
}

TEST_CASE("resize starts workers, and ends idle ones first, while tasks run") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  Event gate{stage.node};
  auto running = pool.apply_async<wait_for_gate>(begun, gate, 1);
  begun.wait();
  const auto before = pool.pids();

  pool.resize(4);
  CHECK(eventually([&] { return pool.alive() == 4; }));
  CHECK(pool.size() == 4);
  CHECK(pool.map<square>(numbers_to(100)) == squares_to(100));
  pool.resize(1);
  CHECK(eventually([&] { return pool.alive() == 1; }));
  gate.set();
  CHECK(running.get() == 1);
  CHECK(std::count(before.begin(), before.end(), pool.pids().front()) == 1);
  CHECK(pool.apply<square>(4) == 16);
  CHECK_THROWS_AS(pool.resize(0), Misuse);
}

TEST_CASE("R26 a pool over ipc or tcp, with shared memory or without, does the same") {
  NodeOptions options;
  options.shared_memory = GENERATE(true, false);
  Stage stage{GENERATE(other_processes), options};
  Pool pool{stage.node, {.workers = 2, .retries = 1}};
  const auto shared = pool.share(numbers_to(50'000));

  CHECK(pool.map<square>(numbers_to(300)) == squares_to(300));
  CHECK(pool.apply([](const std::vector<int>& all) { return all.size(); }, shared) == 50'000);
  Value<int> begun{stage.node, 0};
  CHECK(pool.apply(
            [](const Value<int>& value) {
              if ((value += 1) == 1) ::kill(::getpid(), SIGKILL);
              return value.get();
            },
            begun) == 2);
  Event started{stage.node};
  auto endless = pool.apply_async<never_ends>(started);
  started.wait();
  CHECK(endless.cancel());
  CHECK(pool.map<square>(numbers_to(100)) == squares_to(100));
}

TEST_CASE("a slow worker gets fewer tasks than a fast one") {
  Stage stage;
  Value<int> slow{stage.node, 0};
  Pool pool{stage.node, {.workers = 2}};
  const auto work = [](int, const Value<int>& first) {
    static const bool is_slow = (Value<int>{first} += 1) == 1;
    if (is_slow) std::this_thread::sleep_for(5ms);
    return is_slow ? 1 : 0;
  };

  const auto by_slow = pool.map(work, numbers_to(2000), slow);

  CHECK(std::count(by_slow.begin(), by_slow.end(), 1) < 500);
}

namespace {

int depth_below(int levels) {
  if (levels == 0) return 42;
  Pool inner{this_node(), {.workers = 1}};
  return inner.apply<depth_below>(levels - 1);
}
int sum_of_inner(int n) {
  Pool inner{this_node(), {.workers = 2}};
  const auto squares = inner.map<square>(numbers_to(n));
  return std::accumulate(squares.begin(), squares.end(), 0);
}

}  // namespace

TEST_CASE("tasks have pools of their own") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(pool.map<sum_of_inner>(std::vector<int>{3, 4, 7}) == std::vector<int>{5, 14, 91});
  CHECK(pool.apply<depth_below>(4) == 42);
}

TEST_CASE("a value that is shared is sent to each worker once, however many tasks use it") {
  const bool large = GENERATE(false, true);
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  const std::vector<int> table = numbers_to(large ? 100'000 : 100);
  const auto shared = pool.share(table);

  const auto at = [](std::size_t index, const std::vector<int>& values) { return values.at(index); };
  CHECK(pool.apply(at, std::size_t{7}, shared) == 7);
  CHECK(pool.apply(at, table.size() - 1, shared) == table.back());
  const auto addresses = pool.map(
      [](int, const std::vector<int>& values) {
        return std::pair{::getpid(), reinterpret_cast<std::uintptr_t>(&values)};
      },
      numbers_to(200), shared);
  const std::set<std::pair<int, std::uintptr_t>> distinct{addresses.begin(), addresses.end()};
  CHECK(distinct.size() <= 2);  // one in each worker
}
