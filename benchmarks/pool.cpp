// troupe: actors in processes. Apache-2.0, see LICENSE.
// Tasks of a pool of processes.
#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdint>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/measurements.hpp"
#include "benchmarks/two_hosts.hpp"

namespace bench {

namespace {

std::int64_t square(std::int64_t n) { return n * n; }
void sleep_10_ms(int) { std::this_thread::sleep_for(std::chrono::milliseconds{10}); }

std::vector<std::int64_t> numbers_to(std::size_t end) {
  std::vector<std::int64_t> numbers(end);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

double tasks_per_second(const troupe::Pool& pool, std::size_t count, const troupe::TaskOptions& options) {
  const auto numbers = numbers_to(count);
  (void)pool.map<square>(numbers_to(1000));
  const Stopwatch watch;
  const auto squares = pool.with(options).map<square>(numbers);
  const double elapsed = watch.seconds();
  expect_count("the last square", squares.back(), square(numbers.back()));
  return static_cast<double>(numbers.size()) / elapsed;
}

double tasks_per_second(const Run& run, const troupe::TaskOptions& options) {
  troupe::Node node;
  return tasks_per_second(troupe::Pool{node, {.workers = 2}}, run.count(1'000'000), options);
}

}  // namespace

double pool_apply(const Run& run) {
  const std::size_t count = run.count(8000);
  troupe::Node node;
  const troupe::Pool pool{node, {.workers = 2}};
  for (int i = 0; i < 200; ++i) (void)pool.apply<square>(i);
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) (void)pool.apply<square>(static_cast<std::int64_t>(i));
  return watch.microseconds() / static_cast<double>(count);
}

double pool_map_chunk1(const Run& run) { return tasks_per_second(run, {.chunk = 1}); }
double pool_map_host_chunk1(const Run& run) {
  TwoHosts hosts;
  const troupe::Pool pool{hosts.head(), {.workers = 2, .place = TwoHosts::other(), .retries = 1}};
  return tasks_per_second(pool, run.count(20'000), {.chunk = 1});
}
double pool_map(const Run& run) { return tasks_per_second(run, {}); }

double pool_apply_async(const Run& run) {
  const std::size_t count = run.count(500'000);
  troupe::Node node;
  const troupe::Pool pool{node, {.workers = 2}};
  (void)pool.map<square>(numbers_to(1000));
  std::vector<troupe::Future<std::int64_t>> futures;
  futures.reserve(count);
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) futures.push_back(pool.apply_async<square>(static_cast<std::int64_t>(i)));
  std::int64_t last = 0;
  for (auto& future : futures) last = future.get();
  const double elapsed = watch.seconds();
  expect_count("the last square", last, square(static_cast<std::int64_t>(count - 1)));
  return static_cast<double>(count) / elapsed;
}

double pool_start(const Run& run) {
  troupe::Node node;
  std::vector<double> times;
  for (std::size_t i = 0; i < run.count(20); ++i) {
    const Stopwatch watch;
    const troupe::Pool pool{node, {.workers = 2}};
    (void)pool.apply<square>(3);
    times.push_back(watch.seconds() * 1e3);
  }
  return median(times);
}

double pool_efficiency(const Run& run) {
  constexpr int workers = 64;
  const std::size_t rounds = run.count(100);
  troupe::Node node;
  const troupe::Pool pool{node, {.workers = workers}};
  (void)pool.map<sleep_10_ms>(std::vector<int>(workers));
  const Stopwatch watch;
  (void)pool.map<sleep_10_ms>(std::vector<int>(workers * rounds));
  return 100 * 0.010 * static_cast<double>(rounds) / watch.seconds();
}

}  // namespace bench
