// troupe: actors in processes. Apache-2.0, see LICENSE.
// Queues, pipes and locks between processes: the owner lives with who made it, as in most programs.
#include <troupe/troupe.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/measurements.hpp"

namespace bench {

namespace {

using Numbers = troupe::Queue<std::uint64_t>;
using Texts = troupe::Connection<std::string>;

void produce(Numbers numbers, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) numbers.put(i);
}

void consume(Numbers numbers, Numbers sums) {
  std::uint64_t sum = 0;
  for (const std::uint64_t number : numbers) sum += number;
  sums.put_confirmed(sum);
}

void echo(Texts texts) {
  while (auto text = texts.next()) texts.send(*text);
}

void send(troupe::Connection<std::uint64_t> to, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) to.send(i);
}

constexpr std::uint64_t sum_below(std::uint64_t count) { return count * (count - 1) / 2; }

}  // namespace

double queue_1_to_1(const Run& run) {
  const std::uint64_t count = run.count(2'000'000);
  troupe::Node node;
  Numbers numbers{node};
  const auto producer = node.start<produce>(numbers, count);
  std::uint64_t sum = numbers.get();  // it runs
  const Stopwatch watch;
  for (std::uint64_t i = 1; i < count; ++i) sum += numbers.get();
  const double elapsed = watch.seconds();
  expect_count("sum", sum, sum_below(count));
  return static_cast<double>(count - 1) / elapsed;
}

double queue_4_to_4(const Run& run) {
  constexpr std::uint64_t processes = 4;
  const std::uint64_t each = run.count(200'000);
  troupe::Node node;
  Numbers numbers{node};
  Numbers sums{node};
  std::vector<troupe::Process> consumers;
  for (std::uint64_t i = 0; i < processes; ++i) consumers.push_back(node.start<consume>(numbers, sums));
  const Stopwatch watch;
  std::vector<troupe::Process> producers;
  for (std::uint64_t i = 0; i < processes; ++i) producers.push_back(node.start<produce>(numbers, each));
  for (const auto& producer : producers) producer.join();
  numbers.close();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < processes; ++i) sum += sums.get();
  const double elapsed = watch.seconds();
  expect_count("sum", sum, processes * sum_below(each));
  return static_cast<double>(processes * each) / elapsed;
}

double queue_put_get(const Run& run) {
  const std::size_t count = run.count(200'000);
  troupe::Node node;
  Numbers numbers{node};
  std::uint64_t sum = 0;
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) {
    numbers.put(i);
    sum += numbers.get();
  }
  const double elapsed = watch.microseconds();
  expect_count("sum", sum, sum_below(count));
  return elapsed / static_cast<double>(count);
}

double pipe_round_trip(const Run& run) {
  const std::size_t count = run.count(8000);
  const std::string text(64, 'x');
  troupe::Node node;
  auto [ours, theirs] = troupe::pipe<std::string>(node);
  const auto other = node.start<echo>(std::move(theirs));
  ours.send(text);
  (void)ours.recv();
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) {
    ours.send(text);
    expect_count("bytes", ours.recv().size(), text.size());
  }
  return watch.microseconds() / static_cast<double>(count);
}

double pipe_rate(const Run& run) {
  const std::uint64_t count = run.count(1'000'000);
  troupe::Node node;
  auto [ours, theirs] = troupe::pipe<std::uint64_t>(node);
  const auto other = node.start<send>(std::move(theirs), count);
  std::uint64_t sum = ours.recv();
  const Stopwatch watch;
  for (std::uint64_t i = 1; i < count; ++i) sum += ours.recv();
  const double elapsed = watch.seconds();
  expect_count("sum", sum, sum_below(count));
  return static_cast<double>(count - 1) / elapsed;
}

double lock_uncontended(const Run& run) {
  const std::size_t count = run.count(200'000);
  troupe::Node node;
  const troupe::Lock lock{node};
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) {
    lock.lock();
    lock.unlock();
  }
  return watch.microseconds() / static_cast<double>(count);
}

double process_start_join(const Run& run) {
  troupe::Node node;
  std::vector<double> times;
  for (std::size_t i = 0; i < run.count(30); ++i) {
    const Stopwatch watch;
    node.start([] {}).join();
    times.push_back(watch.seconds() * 1e3);
  }
  return median(times);
}

}  // namespace bench
