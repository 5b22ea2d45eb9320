// troupe: actors in processes. Apache-2.0, see LICENSE.
// Futures of a pool: cancelled, gathered, taken as they end.
#include "patterns/pools.hpp"

#include <future>
#include <set>
#include <stdexcept>
#include <vector>

using namespace troupe;

namespace {

int fails(int) { throw std::runtime_error{"fails"}; }

}  // namespace

TEST_CASE("F10 cancel keeps a task from beginning, and the pool can be joined") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  Event gate{stage.node};
  Value<int> calls{stage.node, 0};
  auto first = pool.apply_async<wait_for_gate>(begun, gate, 1);
  begun.wait();
  auto waiting = pool.apply_async([](const Value<int>& value) { value += 1; }, calls);

  CHECK(waiting.cancel());
  CHECK_FALSE(waiting.cancel());
  CHECK(thrown_by<Cancelled>(waiting).code == Errc::cancelled);
  gate.set();
  pool.close();
  pool.join();
  CHECK(first.get() == 1);
  CHECK(calls.get() == 0);
}

TEST_CASE("cancel of a task under way ends its worker, which is replaced, and no other task is lost") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1, .prefetch = 4}};
  const int before = pool.pids().front();
  Event begun{stage.node};
  auto stuck = pool.apply_async<never_ends>(begun);
  begun.wait();
  std::vector<Future<int>> others;
  for (int n = 0; n < 20; ++n) others.push_back(pool.apply_async<square>(n));

  CHECK(stuck.cancel());

  CHECK(thrown_by<Cancelled>(stuck).code == Errc::cancelled);
  for (int n = 0; n < 20; ++n) CHECK(others[static_cast<std::size_t>(n)].get() == n * n);
  CHECK(pool.size() == 1);
  CHECK(pool.pids().front() != before);
}

TEST_CASE("cancel of a map ends what runs of it, and what has not begun never does") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  auto future = pool.map_async([](int, const Event& event) { never_ends(event); }, numbers_to(1000), begun);
  begun.wait();

  CHECK(future.cancel());

  CHECK(pool.apply<square>(3) == 9);
  pool.close();
  pool.join();
}

TEST_CASE("F08 cancel_pending ends what has not begun, and what runs is done") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  Event gate{stage.node};
  std::vector<Future<int>> futures;
  for (int n = 0; n < 50; ++n) futures.push_back(pool.apply_async<wait_for_gate>(begun, gate, n));
  begun.wait();

  const std::size_t cancelled = pool.cancel_pending();
  gate.set();
  pool.close();
  pool.join();

  std::size_t done = 0;
  std::size_t ended = 0;
  for (auto& future : futures) {
    const auto result = future.result();
    done += result ? 1 : 0;
    ended += !result && result.error().code == Errc::cancelled ? 1 : 0;
  }
  CHECK(cancelled > 20);
  CHECK(ended == cancelled);
  CHECK(done + ended == 50);
  CHECK(done >= 1);
}

TEST_CASE("F07 fifty tasks that sleep are done when a closed pool is joined") {
  Stage stage;
  Pool pool{stage.node, {.workers = 5}};
  std::vector<Future<void>> futures;
  for (int n = 0; n < 50; ++n) futures.push_back(pool.apply_async([] { std::this_thread::sleep_for(20ms); }));

  pool.close();
  pool.join();

  for (auto& future : futures) {
    CHECK(future.ready());
    CHECK_NOTHROW(future.get());
  }
}

TEST_CASE("O35 F26 a future is ready when its task has ended, well, badly or cancelled") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  Event gate{stage.node};
  auto running = pool.apply_async<wait_for_gate>(begun, gate, 1);
  auto waiting = pool.apply_async<square>(2);
  begun.wait();

  CHECK_FALSE(running.ready());
  CHECK_FALSE(waiting.ready());
  CHECK(waiting.cancel());
  CHECK(waiting.ready());
  gate.set();
  CHECK(running.get() == 1);
  auto failing = pool.apply_async<fails>(1);
  failing.wait();
  CHECK(failing.ready());
  CHECK_FALSE(failing.cancel());
  CHECK_THROWS_AS(failing.get(), std::runtime_error);
}

TEST_CASE("F28 who waits for a result hears when it comes, and when somebody cancels it") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  Event gate{stage.node};
  auto good = pool.apply_async<wait_for_gate>(begun, gate, 42);
  auto opened = std::async(std::launch::async, [&] { gate.set(); });
  CHECK(good.get(5s) == 42);

  Event stuck{stage.node};
  auto endless = pool.apply_async<never_ends>(stuck);
  stuck.wait();
  auto error = std::async(std::launch::async, [&] {
    endless.wait();
    return endless.ready();
  });
  CHECK(endless.cancel());
  CHECK(error.get());
  CHECK_THROWS_AS(endless.get(), Cancelled);
}

TEST_CASE("F22 when_all ends with the first task that fails, and the others go on") {
  Stage stage;
  Pool pool{stage.node, {.workers = 3}};
  Event begun{stage.node};
  Event gate{stage.node};
  std::vector<Future<int>> futures;
  futures.push_back(pool.apply_async<identity>(42));
  futures.push_back(pool.apply_async<fails>(0));
  futures.push_back(pool.apply_async<wait_for_gate>(begun, gate, 3));

  CHECK_THROWS_AS(when_all(std::move(futures)).get(), std::runtime_error);
  gate.set();
  CHECK(pool.apply<square>(3) == 9);
}

TEST_CASE("F23 as_completed brings each future once, as they end, and says when none has in time") {
  Stage stage;
  Pool pool{stage.node, {.workers = 3}};
  Event begun{stage.node};
  Event gate{stage.node};
  std::vector<Future<int>> futures;
  futures.push_back(pool.apply_async<wait_for_gate>(begun, gate, -1));
  for (int n = 0; n < 10; ++n) futures.push_back(pool.apply_async<identity>(n));
  auto each = as_completed(std::move(futures));

  std::set<int> seen;
  for (int i = 0; i < 10; ++i) seen.insert(each.next()->get());
  const auto expected = numbers_to(10);
  CHECK(seen == std::set<int>(expected.begin(), expected.end()));
  CHECK_THROWS_AS(each.next(50ms), Timeout);
  gate.set();
  CHECK(each.next()->get() == -1);
  CHECK_FALSE(each.next());

  std::vector<Future<int>> more;
  for (int n = 0; n < 10; ++n) more.push_back(pool.apply_async<identity>(n));
  int sum = 0;
  for (auto& future : as_completed(std::move(more))) sum += future.get();
  CHECK(sum == 45);
  CHECK_FALSE(as_completed(std::vector<Future<int>>{}).next());
}
