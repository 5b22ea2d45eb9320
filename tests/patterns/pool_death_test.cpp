// troupe: actors in processes. Apache-2.0, see LICENSE.
// Pools whose workers die: killed, left, aborted, too slow; idle, within tasks, all at once.
#include "patterns/pools.hpp"
#include "system/program.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;

namespace {

int die(int how) {
  std::fprintf(stderr, "last words %d\n", how);
  if (how == 0) ::kill(::getpid(), SIGKILL);
  if (how == 1) std::abort();
  if (how == 2) std::_Exit(7);
  if (how == 3) std::exit(8);  // NOLINT(concurrency-mt-unsafe): that is what is tried
  return how;
}
int die_once(const Value<int>& deaths, int at_most) {
  if ((deaths += 1) <= at_most) ::kill(::getpid(), SIGKILL);
  return 5;
}
int die_if_thirteen(int n) {
  if (n == 13) ::kill(::getpid(), SIGKILL);
  return n * n;
}
void spend(int microseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{microseconds};
  while (std::chrono::steady_clock::now() < until) continue;
}

bool gone(int pid) { return ::kill(pid, 0) != 0 || stat_of(pid).empty() || stat_of(pid)[0] == "Z"; }

}  // namespace

TEST_CASE("R01 a worker that is killed within a task costs that task and no other, and is replaced") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  auto victim = pool.apply_async(
      [](const Event& event) {
        never_ends(event);
        return 0;
      },
      begun);
  begun.wait();
  std::vector<Future<int>> others;
  for (int n = 0; n < 3; ++n) others.push_back(pool.apply_async<square>(n));
  std::set<int> pids;
  for (int n = 0; n < 20; ++n) pids.insert(pool.apply<pid_of>(0));
  const auto all = pool.pids();
  const int idle = *pids.begin();
  const int busy = all[0] == idle ? all[1] : all[0];
  const auto began = std::chrono::steady_clock::now();
  ::kill(busy, SIGKILL);

  const auto error = thrown_by<WorkerDied>(victim);
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK(error.signal == SIGKILL);
  CHECK(error.pid == busy);
  CHECK(error.host == stage.node.host_name());
  CHECK(error.executed == Executed::unknown);
  for (int n = 0; n < 3; ++n) CHECK(others[static_cast<std::size_t>(n)].get() == n * n);
  CHECK(eventually([&] { return pool.alive() == 2; }));
  CHECK(pool.size() == 2);
}

TEST_CASE("WorkerDied says how a worker ended, and what it last wrote") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  for (const int how : {0, 1, 2, 3}) {
    auto future = pool.apply_async<die>(how);
    const auto error = thrown_by<WorkerDied>(future);
    CAPTURE(how, error.what);
    if (how == 0) CHECK(error.signal == SIGKILL);
    if (how == 1) CHECK(error.signal == SIGABRT);
    if (how == 2) CHECK(error.exit_code == 7);
    if (how == 3) CHECK(error.exit_code == 8);
    CHECK(error.output.find("last words " + std::to_string(how)) != std::string::npos);
    CHECK(error.actor == "die");
  }
  CHECK(pool.apply<die>(9) == 9);
}

TEST_CASE("R02 an idle worker that is killed is replaced, and the next task runs there") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  for (int round = 0; round < 3; ++round) {
    const int pid = pool.pids().front();
    ::kill(pid, SIGKILL);
    CHECK(pool.apply<square>(round) == round * round);
    CHECK(pool.apply<pid_of>(0) != pid);
  }
}

TEST_CASE("all workers are killed at once, idle and busy, and the pool goes on") {
  Stage stage;
  Pool pool{stage.node, {.workers = 4}};
  for (const int pid : pool.pids()) ::kill(pid, SIGKILL);
  CHECK(pool.map<square>(numbers_to(100)) == squares_to(100));

  auto future = pool.with({.retries = 3})
                    .map_async(
                        [](int n) {
                          spend(1000);
                          return n;
                        },
                        numbers_to(500));
  CHECK(eventually([&] { return pool.progress().done > 50; }));
  for (const int pid : pool.pids()) ::kill(pid, SIGKILL);
  CHECK(future.get() == numbers_to(500));
}

TEST_CASE("a worker that dies in a map ends the map, or the task is tried again") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK_THROWS_AS(pool.map<die_if_thirteen>(numbers_to(100)), WorkerDied);
  auto results = pool.imap<die_if_thirteen>(numbers_to(100));
  for (int n = 0; n < 100; ++n) {
    if (n == 13) {
      CHECK_THROWS_AS(results.next(), WorkerDied);
    } else {
      CHECK(results.next() == n * n);
    }
  }
}

TEST_CASE("a task is tried again as often as it was told to, and no more") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2, .retries = 2}};
  Value<int> deaths{stage.node, 0};

  CHECK(pool.apply<die_once>(deaths, 2) == 5);
  CHECK(deaths.get() == 3);
  deaths = 0;
  CHECK_THROWS_AS(pool.apply<die_once>(deaths, 100), WorkerDied);
  CHECK(deaths.get() == 3);
  deaths = 0;
  CHECK_THROWS_AS(pool.with({.retries = 0}).apply<die_once>(deaths, 100), WorkerDied);
  CHECK(deaths.get() == 1);
}

TEST_CASE("a task that runs for longer than its timeout ends with its worker, others are spared") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2, .task_timeout = 200ms}};
  Event begun{stage.node};
  std::vector<Future<int>> others;
  auto endless = pool.apply_async<never_ends>(begun);
  for (int n = 0; n < 100; ++n) others.push_back(pool.apply_async<square>(n));

  const auto error = thrown_by<WorkerDied>(endless);
  CHECK(error.what.find("longer than 0.20 s") != std::string::npos);
  REQUIRE(error.cause != nullptr);
  CHECK(error.cause->code == Errc::timeout);
  for (int n = 0; n < 100; ++n) CHECK(others[static_cast<std::size_t>(n)].get() == n * n);
  CHECK(pool.with({.task_timeout = 10s}).apply([] {
    std::this_thread::sleep_for(300ms);
    return 1;
  }) == 1);
}

TEST_CASE("a task that was done but whose result died with its worker runs again, unless told otherwise") {
  const bool rerun = GENERATE(true, false);
  Stage stage;
  Pool pool{stage.node, {.workers = 1, .rerun = rerun}};
  Value<int> calls{stage.node, 0};
  const auto count_or_die = [](int n, const Value<int>& value) {
    value += 1;
    if (n == 1 && value.get() == 2) ::kill(::getpid(), SIGKILL);
    return n;
  };
  // Both in one message: the answer to the first waits for the second.
  auto results = pool.with({.chunk = 2, .retries = 1}).imap(count_or_die, std::vector{0, 1}, calls);

  if (rerun) {
    CHECK(results.next() == 0);
    CHECK(results.next() == 1);
    CHECK(calls.get() == 4);
  } else {
    try {
      (void)results.next();
      FAIL("no exception");
    } catch (const WorkerDied& error) {
      CHECK(error.executed() == Executed::yes);
    }
    CHECK(results.next() == 1);
    CHECK(calls.get() == 3);
  }
}

namespace {

/// Ends its process where it is told to: when it is written, or read.
struct Mine {
  int in_worker = 0;  // what to do when it is read in a worker: 1 throws, 2 leaves, 3 is killed
  int written = 0;    // the same when it is written

  static void act(int what) {
    if (what == 1) throw std::runtime_error{"mine"};
    if (what == 2) std::_Exit(9);
    if (what != 3) return;
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make an exit of it
    ::kill(::getpid(), SIGSEGV);
  }
  template <class Archive>
  void save(Archive& archive) const {
    act(written);
    archive(in_worker, written);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(in_worker, written);
    act(in_worker);
  }
};
int take(const Mine&) { return 1; }
Mine bring(int what) { return {0, what}; }
Mine bring_unreadable(int) { return {1, 0}; }

}  // namespace

TEST_CASE("R07 whatever fails as arguments and results are written and read costs that task only") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};

  CHECK_THROWS_AS(pool.apply<take>(Mine{0, 1}), std::runtime_error);
  CHECK(pool.progress().total == 0);
  auto unreadable = pool.apply_async<take>(Mine{1, 0});
  CHECK(chain_text(thrown_by<Error>(unreadable)).find("mine") != std::string::npos);
  auto leaves = pool.apply_async<take>(Mine{2, 0});
  CHECK(thrown_by<WorkerDied>(leaves).exit_code == 9);
  auto killed = pool.apply_async<take>(Mine{3, 0});
  CHECK(thrown_by<WorkerDied>(killed).signal == SIGSEGV);
  auto not_written = pool.apply_async<bring>(1);
  CHECK(chain_text(thrown_by<Error>(not_written)).find("mine") != std::string::npos);
  auto left_writing = pool.apply_async<bring>(2);
  CHECK(thrown_by<WorkerDied>(left_writing).exit_code == 9);
  auto killed_writing = pool.apply_async<bring>(3);
  CHECK(thrown_by<WorkerDied>(killed_writing).signal == SIGSEGV);
  auto not_read = pool.apply_async<bring_unreadable>(0);
  CHECK(chain_text(thrown_by<Error>(not_read)).find("mine") != std::string::npos);
  CHECK(pool.apply<square>(3) == 9);
}

TEST_CASE("R08 ten large arguments whose tasks end their workers block nothing") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  const std::string large((4 << 20) + 1, 'x');
  std::vector<Future<void>> futures;
  for (int n = 0; n < 10; ++n) futures.push_back(pool.apply_async([](const std::string&) { ::kill(::getpid(), SIGKILL); }, large));

  for (auto& future : futures) CHECK(thrown_by<WorkerDied>(future).signal == SIGKILL);
  pool.close();
  pool.join();
}

TEST_CASE("R31 a worker that dies after the pool was closed does not keep it from ending") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event begun{stage.node};
  auto victim = pool.apply_async<never_ends>(begun);
  begun.wait();
  pool.close();
  for (const int pid : pool.pids()) ::kill(pid, SIGKILL);

  pool.join();

  CHECK(thrown_by<WorkerDied>(victim).signal == SIGKILL);
}

TEST_CASE("R32 a hundred tasks that are submitted before any can begin are all done") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  Event gate{stage.node};
  auto first = pool.apply_async<wait_for_gate>(begun, gate, 1);
  std::vector<Future<int>> futures;
  for (int n = 0; n < 100; ++n) futures.push_back(pool.apply_async<square>(n));
  gate.set();

  for (int n = 0; n < 100; ++n) CHECK(futures[static_cast<std::size_t>(n)].get() == n * n);
}

TEST_CASE("many tasks of random length are each done right once while workers are killed again and again") {
  NodeOptions options;
  options.shared_memory = GENERATE(true, false);
  const int tasks = sanitized || !options.shared_memory ? 2000 : 20'000;
  Stage stage{Where::here, options};
  Pool pool{stage.node, {.workers = 4, .retries = 100}};
  std::atomic<bool> done{false};
  std::atomic<int> kills{0};
  std::thread killer{[&] {
    std::minstd_rand random{1};
    while (!done) {
      std::this_thread::sleep_for(50ms);
      const auto pids = pool.pids();
      if (pids.empty()) continue;
      ::kill(pids[random() % pids.size()], SIGKILL);
      ++kills;
    }
  }};
  const auto work = [](int n) {
    spend(n * 7919 % 200);
    return n * n;
  };
  std::vector<Future<int>> futures;
  std::vector<std::atomic<int>> called(static_cast<std::size_t>(tasks) / 2);
  int right = 0;
  for (int n = 0; n < tasks / 2; ++n) {
    futures.push_back(pool.apply_async(work, n % 1000));
    if (n % 10 == 0) futures.back().then([&called, n](const Result<int>&) { ++called[static_cast<std::size_t>(n)]; });
  }
  std::vector<int> numbers = numbers_to(tasks / 2);
  for (int& number : numbers) number %= 1000;
  const auto squares = pool.map(work, numbers);
  for (int n = 0; n < tasks / 2; ++n) right += futures[static_cast<std::size_t>(n)].get() == (n % 1000) * (n % 1000) ? 1 : 0;
  done = true;
  killer.join();

  CHECK(right == tasks / 2);
  CHECK(std::equal(squares.begin(), squares.end(), numbers.begin(), numbers.end(), [](int a, int b) { return a == b * b; }));
  for (int n = 0; n < tasks / 2; n += 10) REQUIRE(called[static_cast<std::size_t>(n)] == 1);
  CHECK(kills > 0);
  CHECK(pool.map<square>(numbers_to(100)) == squares_to(100));
}

namespace {

int orphans_main(int argc, char** argv) {
  Node node{argc, argv};
  Pool pool{node, {.workers = 3}};
  Event begun{node};
  auto busy = pool.apply_async<never_ends>(begun);
  begun.wait();
  std::printf("ready\n");
  std::fflush(stdout);
  busy.wait();
  return 0;
}
const ChildMain orphans{"orphans of a pool", &orphans_main};

}  // namespace

TEST_CASE("R23 idle and busy workers end with the process that made the pool, also when it is killed") {
  const Folder folder;
  Program program{"orphans of a pool", folder};
  REQUIRE(program.prints("ready"));
  REQUIRE(program.family().size() == 4);

  ::kill(program.pid(), SIGKILL);

  CHECK(program.family_ends(5s));
}

TEST_CASE("workers that have ended leave no process behind") {
  Stage stage;
  std::vector<int> pids;
  {
    Pool pool{stage.node, {.workers = 3}};
    pids = pool.pids();
  }
  for (const int pid : pids) CHECK(gone(pid));
}
