// troupe: actors in processes. Apache-2.0, see LICENSE.
// Pools in a World: their workers are actors, so that thousands of them cost no processes.
#include "catch.hpp"

#include <troupe/testing.hpp>
#include <troupe/troupe.hpp>

#include <chrono>
#include <numeric>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using testing::World;

namespace {

int twice(int n) { return 2 * n; }
int fail_at_seven(int n) { return n == 7 ? throw std::invalid_argument{"seven"} : n; }

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Steps of the World for each of many tasks of a pool.
double steps_per_task(int workers, int tasks) {
  World world{7};
  Node& node = world.node("a");
  const Pool pool{node, {.workers = workers}};
  const auto before = world.steps();
  const auto results = pool.with({.chunk = 1}).map<twice>(numbers(tasks));
  CHECK(results.size() == static_cast<std::size_t>(tasks));
  CHECK(results.back() == 2 * (tasks - 1));
  return static_cast<double>(world.steps() - before) / tasks;
}

}  // namespace

TEST_CASE("a pool in a World does its tasks, and their errors are theirs alone") {
  World world{1};
  Pool pool{world.node("a"), {.workers = 3}};

  CHECK(pool.map<twice>(numbers(100))[99] == 198);
  CHECK_THROWS_AS(pool.apply<fail_at_seven>(7), std::invalid_argument);
  CHECK(pool.apply<fail_at_seven>(8) == 8);
  pool.close();
  pool.join();
}

TEST_CASE("the same seed brings the same steps of a pool") {
  const auto fingerprint = [](std::uint64_t seed) {
    World world{seed};
    const Pool pool{world.node("a"), {.workers = 4}};
    (void)pool.map<twice>(numbers(50));
    return world.fingerprint();
  };

  CHECK(fingerprint(5) == fingerprint(5));
  CHECK(fingerprint(5) != fingerprint(6));
}

TEST_CASE("a task costs with 2,000 workers at most twice the steps that it costs with two") {
  const double two = steps_per_task(2, 10'000);
  const double many = steps_per_task(2'000, 10'000);

  INFO("steps for a task: " << two << " with 2 workers, " << many << " with 2,000");
  CHECK(many <= 2 * two);
}
