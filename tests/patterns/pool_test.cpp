// troupe: actors in processes. Apache-2.0, see LICENSE.
// Pools: single tasks, their arguments and errors, the beginning and the end of a pool.
#include "patterns/pools.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace troupe;

namespace {

int power(int base, int exponent) {
  int result = 1;
  for (int i = 0; i < exponent; ++i) result *= base;
  return result;
}
void fail_with(const std::string& text) { throw std::runtime_error{text}; }
int parse(const std::string& text) {
  if (text.find_first_not_of("0123456789") != std::string::npos) throw std::invalid_argument{"not a number: " + text};
  return std::stoi(text);
}
struct Odd {};
int throws_odd(int) { throw Odd{}; }

struct Work {
  static int twice(int n) { return 2 * n; }
};
struct Scale {
  int by = 1;
  int operator()(int n) const { return n * by; }
};

}  // namespace

TEST_CASE("O01 F01 apply runs a function with its arguments in a worker") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(pool.apply<square>(5) == 25);
  CHECK(pool.apply<power>(2, 8) == 256);
  CHECK(pool.apply([](int a, int b) { return a * b; }, 2, 8) == 16);
  CHECK(pool.apply<&Work::twice>(4) == 8);
  CHECK(pool.apply(Scale{.by = 3}, 5) == 15);
  CHECK(pool.apply([](auto a) { return a + a; }, std::string{"ab"}) == "abab");
  CHECK(pool.apply<pid_of>(0) != ::getpid());
}

TEST_CASE("O37 ten tasks one after the other run in as many processes as the pool has, at most") {
  Stage stage;
  Pool pool{stage.node, {.workers = 3}};
  std::vector<int> results;
  std::set<int> pids;
  for (int n = 0; n < 10; ++n) {
    results.push_back(pool.apply([](int m) { return m * m; }, n));
    pids.insert(pool.apply<pid_of>(n));
  }

  CHECK(results == squares_to(10));
  CHECK(pids.size() <= 3);
  const auto workers = pool.pids();
  for (const int pid : pids) CHECK(std::count(workers.begin(), workers.end(), pid) == 1);
}

TEST_CASE("a pool has a worker per core that may be used, unless told otherwise") {
  Stage stage;
  Pool pool{stage.node};

  CHECK(pool.size() == cpu_count());
  CHECK(pool.alive() == cpu_count());
}

TEST_CASE("O10 a wait that ends too early throws Timeout, and the task goes on") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  Event gate{stage.node};
  auto future = pool.apply_async<wait_for_gate>(begun, gate, 7);

  CHECK_THROWS_AS(future.get(100ms), Timeout);

  gate.set();
  CHECK(future.get() == 7);
}

TEST_CASE("O19 F14 what a task throws arrives as itself, and says where that was") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1, .name = "mill"}};
  const int worker = pool.pids().front();
  try {
    pool.apply<fail_with>("123");
    FAIL("no exception");
  } catch (const std::runtime_error& thrown) {
    CHECK(std::string{thrown.what()} == "123");
    const auto& error = dynamic_cast<const Error&>(thrown);
    CHECK(error.pid() == worker);
    CHECK(error.executed() == Executed::yes);
    REQUIRE(error.cause() != nullptr);
    CHECK(error.cause()->what.find("fail_with") != std::string::npos);
    CHECK(error.cause()->what.find("'mill'") != std::string::npos);
    CHECK(error.cause()->what.find(std::to_string(worker)) != std::string::npos);
  }
  CHECK(pool.apply<square>(3) == 9);
}

TEST_CASE("O20 an error of a task is a runtime_error for who asked for it with apply") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};

  CHECK_THROWS_AS(pool.apply<fail_with>("x"), std::runtime_error);
  CHECK_THROWS_AS(pool.apply<parse>("a"), std::invalid_argument);
}

TEST_CASE("R04 an exception that is none of the standard's arrives as RemoteError with the name of its type") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  try {
    pool.apply<throws_odd>(1);
    FAIL("no exception");
  } catch (const RemoteError& error) {
    CHECK(error.type_name().find("Odd") != std::string::npos);
  }
  CHECK(pool.apply<square>(3) == 9);
}

TEST_CASE("O25 an error of a task goes to the callback as well") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  std::promise<StandardKind> seen;
  auto future = pool.apply_async<parse>("x");
  future.then([&](const Result<int>& result) { seen.set_value(result.error().standard); });

  CHECK(seen.get_future().get() == StandardKind::invalid_argument);
  CHECK_THROWS_AS(future.get(), std::invalid_argument);
}

TEST_CASE("a callback of a task has run in this process before its future is ready") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  Event gate{stage.node};
  std::atomic<int> value{0};
  std::atomic<int> pid{0};
  auto future = pool.apply_async<wait_for_gate>(begun, gate, 100);
  future.then([&](const Result<int>& result) {
    pid = ::getpid();
    value = *result;
  });
  gate.set();

  CHECK(future.get() == 100);
  CHECK(value == 100);
  CHECK(pid == ::getpid());
}

TEST_CASE("F29 each callback is called once, and one that throws harms nobody") {
  CapturedLog log;
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  std::atomic<int> calls{0};
  const auto count = [&](const auto&) { ++calls; };

  auto good = pool.apply_async<square>(2);
  good.then([](const Result<int>&) { throw std::runtime_error{"a callback's own"}; });
  good.then(count);
  CHECK(good.get() == 4);
  auto bad = pool.apply_async<parse>("x");
  bad.then(count);
  bad.wait();
  bad.then(count);
  auto endless = pool.apply_async<never_ends>(begun);
  endless.then(count);
  begun.wait();
  CHECK(endless.cancel());

  CHECK(eventually([&] { return calls == 4; }));
  CHECK(log.contains("a callback's own"));
  CHECK(pool.apply<square>(3) == 9);
}

TEST_CASE("callbacks may submit the next task") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  std::promise<int> done;
  std::function<void(int)> step = [&](int left) {
    if (left == 0) return done.set_value(0);
    pool.apply_async<identity>(left - 1).then([&](const Result<int>& result) { step(*result); });
  };

  step(100);

  CHECK(done.get_future().wait_for(20s) == std::future_status::ready);
}

TEST_CASE("O26 a result that is too large for a message is an error of its task, and no worker is lost") {
  NodeOptions options;
  options.max_message_bytes = 100'000;
  Stage stage{Where::here, options};
  Pool pool{stage.node, {.workers = 2}};
  const auto workers = pool.pids();
  std::vector<Future<std::string>> futures;
  for (int i = 0; i < 20; ++i)
    futures.push_back(pool.apply_async([](std::size_t bytes) { return std::string(bytes, 'x'); }, std::size_t{200'000}));

  for (auto& future : futures) {
    const auto error = error_of(std::move(future));
    CHECK(chain_text(error).find("max_message_bytes") != std::string::npos);
  }
  CHECK(pool.apply([](std::size_t bytes) { return std::string(bytes, 'x'); }, std::size_t{50'000}).size() == 50'000);
  auto now = pool.pids();
  CHECK(std::is_permutation(workers.begin(), workers.end(), now.begin(), now.end()));
}

TEST_CASE("arguments that are too large for a message are refused, and nothing is submitted") {
  NodeOptions options;
  options.max_message_bytes = 100'000;
  Stage stage{Where::here, options};
  Pool pool{stage.node, {.workers = 1}};
  const auto size_of = [](const std::string& text) { return text.size(); };

  CHECK_THROWS_AS(pool.apply(size_of, std::string(200'000, 'x')), Malformed);
  CHECK(pool.progress().total == 0);
  CHECK(pool.apply(size_of, std::string(50'000, 'x')) == 50'000);
}

TEST_CASE("O23 O34 a pool is joined when it is closed, and takes no tasks then") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK_THROWS_AS(pool.join(), Misuse);
  auto last = pool.apply_async<square>(3);
  pool.close();
  CHECK_THROWS_AS(pool.apply<square>(1), Closed);
  CHECK_THROWS_AS(pool.map<square>(numbers_to(3)), Closed);
  pool.join();
  CHECK(last.get() == 9);
  CHECK(pool.alive() == 0);

  Pool ended{stage.node, {.workers = 1}};
  ended.terminate();
  CHECK_THROWS_AS(ended.apply<square>(1), Closed);
  ended.join();
  Pool empty;
  CHECK_THROWS_AS(empty.apply<square>(1), Misuse);
}

TEST_CASE("O41 F11 a closed pool does what was submitted before, and its workers end by themselves") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  Event gate{stage.node};
  std::vector<Future<int>> futures;
  for (int i = 0; i < 4; ++i) futures.push_back(pool.apply_async<wait_for_gate>(begun, gate, i));

  pool.close();
  begun.wait();
  gate.set();

  for (int i = 0; i < 4; ++i) CHECK(futures[static_cast<std::size_t>(i)].get() == i);
  CHECK(eventually([&] { return pool.alive() == 0; }));
  pool.join();
}

TEST_CASE("O16 terminate ends 10000 waiting tasks at once") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  auto future = pool.map_async([](int, const Event& event) { never_ends(event); }, numbers_to(10'000), begun);
  begun.wait();

  pool.terminate();

  CHECK(error_of(std::move(future)).code == Errc::closed);
  pool.join();
  CHECK(pool.alive() == 0);
}

TEST_CASE("the end of a pool ends its tasks as closed") {
  Stage stage;
  Event begun{stage.node};
  Future<void> running;
  Future<int> waiting;
  {
    Pool pool{stage.node, {.workers = 1}};
    running = pool.apply_async<never_ends>(begun);
    begun.wait();
    waiting = pool.apply_async<square>(1);
  }

  CHECK(thrown_by<Closed>(running).executed == Executed::unknown);
  CHECK(thrown_by<Closed>(waiting).code == Errc::closed);
}

TEST_CASE("the end of the node ends a pool that nobody has ended") {
  Future<void> running;
  {
    auto stage = std::make_unique<Stage>();
    auto pool = std::make_unique<Pool>(stage->node, PoolOptions{.workers = 2});
    Event begun{stage->node};
    running = pool->apply_async<never_ends>(begun);
    begun.wait();
    const auto began = std::chrono::steady_clock::now();
    stage = nullptr;
    CHECK(std::chrono::steady_clock::now() - began < 4s);
    CHECK_THROWS_AS(pool->apply<square>(1), Closed);
  }
  CHECK(running.ready());
}

TEST_CASE("drain waits for the tasks, and ends those that take too long") {
  Stage stage;
  Pool quick{stage.node, {.workers = 2}};
  auto squares = quick.map_async<square>(numbers_to(100));
  CHECK(quick.drain(20s));
  CHECK(squares.get() == squares_to(100));

  Pool slow{stage.node, {.workers = 1}};
  Event begun{stage.node};
  auto endless = slow.apply_async<never_ends>(begun);
  begun.wait();
  CHECK_FALSE(slow.drain(10ms));
  CHECK(thrown_by<Closed>(endless).code == Errc::closed);
}

TEST_CASE("F05 O29 options that make no sense are refused before anything is started") {
  Stage stage;
  const auto make = [&](const PoolOptions& options) { const Pool pool{stage.node, options}; };

  CHECK_THROWS_AS(make({.workers = 0}), Misuse);
  CHECK_THROWS_AS(make({.workers = -1}), Misuse);
  CHECK_THROWS_AS(make({.max_tasks_per_worker = 0}), Misuse);
  CHECK_THROWS_AS(make({.max_tasks_per_worker = -1}), Misuse);
  CHECK_THROWS_AS(make({.retries = -1}), Misuse);
  CHECK_THROWS_AS(make({.task_timeout = 0s}), Misuse);
  CHECK_THROWS_AS(make({.prefetch = 16}), Misuse);
  CHECK_THROWS_AS(make({.place = here}), Misuse);
}

TEST_CASE("a pool that is moved goes on, and what it was moved from is empty") {
  Stage stage;
  Pool first{stage.node, {.workers = 1}};
  auto future = first.apply_async<square>(4);
  Pool second{std::move(first)};

  CHECK_FALSE(first);
  CHECK(future.get() == 16);
  CHECK(second.apply<square>(5) == 25);
  second = Pool{stage.node, {.workers = 2}};
  CHECK(second.size() == 2);
  CHECK(second.apply<square>(6) == 36);
}

TEST_CASE("a pool is used by several threads and by actors at once") {
  struct Ask {
    int number = 0;
  };
  class User : public Actor<User, Ask> {
   public:
    explicit User(const Pool* pool) : pool_{pool} {}
    std::vector<int> on(const Ask& ask) { return pool_->map<square>(numbers_to(ask.number)); }

   private:
    const Pool* pool_;
  };
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 5; ++i)
    threads.emplace_back([&] {
      bool all = pool.map<square>(numbers_to(200)) == squares_to(200);
      for (int n = 0; n < 50; ++n) all = all && pool.apply<square>(n) == n * n;
      right += all ? 1 : 0;
    });
  std::vector<Future<std::vector<int>>> asked;
  for (int i = 0; i < 3; ++i) asked.push_back(stage.node.spawn<User>(&pool).ask(Ask{100}));

  for (auto& thread : threads) thread.join();
  CHECK(right == 5);
  for (auto& each : asked) CHECK(each.get() == squares_to(100));
}
