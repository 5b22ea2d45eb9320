// troupe: actors in processes. Apache-2.0, see LICENSE.
// Values, arrays and dicts that processes share.
#include <troupe/troupe.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/measurements.hpp"

namespace bench {

namespace {

using Counts = troupe::Dict<std::uint64_t, std::uint64_t>;

/// A dict in a process of its own, and how long `step` takes there.
template <class Step>
double each_in_dict(std::size_t count, Step step) {
  troupe::Node node;
  const Counts counts{node, {{1, 0}}, {.name = "counts", .place = troupe::own_process}};
  for (std::size_t i = 0; i < 200; ++i) step(counts, i);
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) step(counts, i);
  return watch.microseconds() / static_cast<double>(count);
}

}  // namespace

double value_add(const Run& run) {
  const std::size_t count = run.count(5'000'000);
  troupe::Node node;
  const troupe::Value<std::uint64_t> value{node, 0};
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) value += 1;
  const double elapsed = watch.microseconds();
  expect_count("additions", value.get(), std::uint64_t{count});
  return elapsed * 1e3 / static_cast<double>(count);
}

double array_set(const Run& run) {
  const std::size_t count = run.count(5'000'000);
  troupe::Node node;
  const troupe::Array<std::uint64_t> array{node, 8};
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) array[i % 8] = i;
  const double elapsed = watch.microseconds();
  expect_count("last", array[(count - 1) % 8].get(), std::uint64_t{count - 1});
  return elapsed * 1e3 / static_cast<double>(count);
}

double dict_get_us(const Run& run) {
  return each_in_dict(run.count(8000), [](const Counts& counts, std::size_t) { (void)counts.get(1); });
}
double dict_set_us(const Run& run) {
  return each_in_dict(run.count(8000), [](const Counts& counts, std::size_t i) { counts.set(1, i); });
}

double dict_get(const Run& run) { return 1e6 / dict_get_us(run); }
double dict_set(const Run& run) { return 1e6 / dict_set_us(run); }

double dict_pipelined(const Run& run) {
  const std::size_t count = run.count(300'000);
  troupe::Node node;
  const Counts counts{node, {}, {.name = "counts", .place = troupe::own_process}};
  counts.set(0, 1);
  std::vector<troupe::Future<void>> sets;
  sets.reserve(count);
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) sets.push_back(counts.set_async(i % 1000, i));
  for (auto& set : sets) set.get();
  return static_cast<double>(count) / watch.seconds();
}

}  // namespace bench
