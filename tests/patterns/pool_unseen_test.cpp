// troupe: actors in processes. Apache-2.0, see LICENSE.
// Pools that share no memory with their workers, as with those on other hosts: what these have begun is not seen.
#include "patterns/pools.hpp"

#include <vector>

using namespace troupe;

namespace {

NodeOptions unshared() {
  NodeOptions options;
  options.shared_memory = false;
  return options;
}

int wait_if_one(int n, const Event& begun, const Event& gate) { return n == 1 ? wait_for_gate(begun, gate, n) : n; }

// How many of two tasks behind one that runs have not left for the worker.
std::size_t left_behind(Node& node, const Pool& pool) {
  Event begun{node};
  Event gate{node};
  for (int i = 0; i < 20; ++i) (void)pool.apply<wait_if_one>(0, begun, gate);  // they take no time
  auto running = pool.apply_async<wait_if_one>(1, begun, gate);
  begun.wait();
  std::vector<Future<int>> others;
  for (int i = 0; i < 2; ++i) others.push_back(pool.apply_async<wait_if_one>(2, begun, gate));
  const std::size_t left = pool.cancel_pending();
  gate.set();
  CHECK(running.get() == 1);
  std::size_t done = 0;
  for (auto& other : others) done += other.result() ? 1 : 0;
  CHECK(done + left == 2);
  return left;
}

int die_at_thirteen(int n, const Value<int>& deaths) {
  if (n != 13) return n * n;
  Value<int>{deaths} += 1;
  ::kill(::getpid(), SIGKILL);
  return 0;
}

}  // namespace

TEST_CASE("an unseen worker holds a second task only if both are short and may be tried again") {
  Stage stage{Where::here, unshared()};

  CHECK(left_behind(stage.node, Pool{stage.node, {.workers = 1, .retries = 0}}) == 2);
  CHECK(left_behind(stage.node, Pool{stage.node, {.workers = 1, .retries = 1, .task_timeout = 20s}}) == 2);
  const Pool pool{stage.node, {.workers = 1, .retries = 1}};
  CHECK(eventually([&] { return left_behind(stage.node, pool) == 1; }));  // on a busy machine what is short may take long
}

TEST_CASE("the death of an unseen worker costs the task that killed it, and no other") {
  const int retries = GENERATE(0, 1, 2);
  Stage stage{Where::here, unshared()};
  Pool pool{stage.node, {.workers = 2, .retries = retries, .prefetch = GENERATE(1, 4)}};
  Value<int> deaths{stage.node, 0};

  auto results = pool.imap<die_at_thirteen>(numbers_to(100), deaths);

  for (int n = 0; n < 100; ++n) {
    if (n == 13) {
      CHECK_THROWS_AS(results.next(), WorkerDied);
    } else {
      CHECK(results.next() == n * n);
    }
  }
  CHECK(deaths.get() == retries + 1);
}
