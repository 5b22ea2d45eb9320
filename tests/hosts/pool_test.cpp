// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pool over several hosts.
#include "hosts/job.hpp"
#include "patterns/pools.hpp"

#include <map>
#include <numeric>

using namespace troupe;

namespace {

std::string where(int) { return this_node().host_name(); }
Self meet(const Event& gate) {
  gate.wait();
  return {this_node().host_name(), ::getpid()};
}
std::string kill_once(const Value<int>& left) {
  if (left.exchange(0) == 1) ::raise(SIGKILL);
  return this_node().host_name();
}

long sum_of_shared(const std::vector<int>& numbers, int more) { return std::accumulate(numbers.begin(), numbers.end(), 0L) + more; }

using Counts = std::map<std::string, int>;

/// Workers by host, each of which is held until all have something to do; or fewer, if some still have something else to do.
Counts workers_of(Node& node, Pool& pool, int count) {
  const Event gate{node};
  std::vector<Future<Self>> met;
  for (int i = 0; i < count; ++i) met.push_back(pool.apply_async<meet>(gate));
  gate.set();
  std::map<int, std::string> hosts;
  for (auto& future : met) {
    const Self self = future.get();
    hosts[self.pid] = self.host;
  }
  Counts counts;
  for (const auto& [pid, host] : hosts) ++counts[host];
  return counts;
}
bool has_workers(Node& node, Pool& pool, const Counts& wanted) {
  return eventually([&] { return workers_of(node, pool, 4) == wanted; });
}

struct Crew {
  explicit Crew(std::chrono::milliseconds dead_after = 10s) {
    job.dead_after = dead_after;
    Node& node = job.head();
    second = &job.host("second", {"--troupe-slots=2"});
    node.wait_for_hosts(2);
  }
  Node& node() { return job.node(); }
  Job job;
  Program* second = nullptr;
};

}  // namespace

TEST_CASE("a pool on every host has as many workers as it is told, and at least one on each") {
  Crew crew;
  crew.job.host("third", {"--troupe-slots=1"});
  crew.node().wait_for_hosts(3);

  Pool pool{crew.node(), {.workers = 4, .place = every_host}};

  CHECK(pool.size() == 4);
  CHECK(pool.alive() == 4);
  CHECK(eventually([&] { return workers_of(crew.node(), pool, 4).size() == 3; }));
  CHECK(pool.map<square>(numbers_to(1000)) == squares_to(1000));
}

TEST_CASE("a pool on every host that is told nothing has as many workers as there are slots") {
  Crew crew;

  Pool pool{crew.node(), {.place = every_host}};

  CHECK(pool.size() == 4);
  CHECK(has_workers(crew.node(), pool, {{"head", 2}, {"second", 2}}));
}

TEST_CASE("a pool on another host has its workers there") {
  Crew crew;

  Pool pool{crew.node(), {.workers = 2, .place = on_host("second")}};

  CHECK(eventually([&] { return workers_of(crew.node(), pool, 2) == Counts{{"second", 2}}; }));
}

TEST_CASE("a large shared value is there for all workers on another host, also for those that come later, and small ones too") {
  Crew crew;
  Pool pool{crew.node(), {.workers = 3, .place = on_host("second"), .retries = 3}};
  const std::vector<int> numbers = numbers_to(300'000);
  const auto large = pool.share(numbers);
  const auto small = pool.share(std::vector<int>{1, 2, 3});
  const long sum = std::accumulate(numbers.begin(), numbers.end(), 0L);
  std::vector<Future<long>> sums;
  for (int i = 0; i < 30; ++i)
    sums.push_back(i % 2 == 0 ? pool.apply_async<sum_of_shared>(large, i) : pool.apply_async<sum_of_shared>(small, i));

  for (int i = 0; i < 30; ++i) CHECK(sums[static_cast<std::size_t>(i)].get() == (i % 2 == 0 ? sum : 6) + i);
  for (const int pid : pool.pids()) ::kill(pid, SIGKILL);
  CHECK(pool.apply<sum_of_shared>(large, 1) == sum + 1);
}

TEST_CASE("a worker that is killed on another host is replaced, its task retried") {
  Crew crew;
  Pool pool{crew.node(), {.workers = 4, .place = every_host, .retries = 1}};
  const Value<int> left{crew.node(), 1};

  std::vector<Future<std::string>> done;
  for (int i = 0; i < 100; ++i) done.push_back(pool.apply_async<kill_once>(left));
  for (auto& future : done) CHECK_FALSE(future.get().empty());

  CHECK(left.get() == 0);
  CHECK(eventually([&] { return pool.alive() == 4; }));
  CHECK(has_workers(crew.node(), pool, {{"head", 2}, {"second", 2}}));
}

TEST_CASE("a task whose worker is killed on another host ends as WorkerDied, with the signal") {
  Crew crew;
  Pool pool{crew.node(), {.workers = 1, .place = on_host("second")}};
  const Value<int> left{crew.node(), 1};

  auto lost = pool.apply_async<kill_once>(left);

  CHECK(thrown_by<WorkerDied>(lost).signal == SIGKILL);
  CHECK(pool.apply<where>(0) == "second");
}

TEST_CASE("a host that joins later gets a worker of a pool on every host") {
  Crew crew;
  Pool pool{crew.node(), {.workers = 4, .place = every_host}};
  CHECK(has_workers(crew.node(), pool, {{"head", 2}, {"second", 2}}));

  crew.job.host("third", {"--troupe-slots=2"});
  crew.node().wait_for_hosts(3);

  CHECK(eventually([&] { return workers_of(crew.node(), pool, 4).contains("third"); }));
  CHECK(pool.size() == 4);
  CHECK(pool.map<square>(numbers_to(1000)) == squares_to(1000));
}

TEST_CASE("a pool on every host is made larger and smaller, and its end ends all workers") {
  Crew crew;
  {
    Pool pool{crew.node(), {.workers = 2, .place = every_host}};
    pool.resize(4);
    CHECK(eventually([&] { return pool.alive() == 4; }));
    CHECK(has_workers(crew.node(), pool, {{"head", 2}, {"second", 2}}));
    pool.resize(2);
    CHECK(eventually([&] { return pool.alive() == 2; }));
    CHECK(has_workers(crew.node(), pool, {{"head", 1}, {"second", 1}}));
    CHECK(pool.map<square>(numbers_to(1000)) == squares_to(1000));
    pool.close();
    pool.join();
  }
  CHECK(eventually([&] { return children_of(crew.second->pid()).empty(); }));
}

TEST_CASE("a pool goes on without a host that leaves or is lost, and all results are right") {
  Crew crew{1s};
  const int signal = GENERATE(SIGTERM, SIGKILL);
  Pool pool{crew.node(), {.workers = 4, .place = every_host, .retries = 5}};
  const auto numbers = numbers_to(3000);
  std::vector<int> squares;

  for (const int each : pool.imap<square>(numbers)) {
    squares.push_back(each);
    if (squares.size() == 300) ::kill(crew.second->pid(), signal);
  }

  CHECK(squares == squares_to(3000));
  CHECK(eventually([&] { return workers_of(crew.node(), pool, 4) == Counts{{"head", 4}}; }));
  crew.job.host("second", {"--troupe-slots=2"});
  CHECK(eventually([&] { return workers_of(crew.node(), pool, 4).contains("second"); }));
}
