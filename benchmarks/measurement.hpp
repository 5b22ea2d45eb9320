// troupe: actors in processes. Apache-2.0, see LICENSE.
// One figure of the bench: its name, how it is measured, and what it is judged by.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

/// How much is done for one figure: `quick` does a tenth, for a look.
enum class Effort { whole, quick };

/// Two processes on cores of their own, or where the system puts them.
enum class Cores { free, pinned };

/// What a measurement may know of the run it belongs to.
struct Run {
  Effort effort = Effort::whole;
  Cores cores = Cores::free;

  /// `whole`, or a tenth of it.
  [[nodiscard]] std::size_t count(std::size_t whole) const { return effort == Effort::quick ? whole / 10 : whole; }
};

/// Runs in a fresh process of its own. @returns the figure @throws std::exception  messages were lost, or it can't be measured here
using Measure = double (*)(const Run&);

/// What the design asks for: at most (or at least) `factor` times the figure called `beside`; without one, `factor` itself.
struct Target {
  enum class Bound { none, at_most, at_least };
  Bound bound = Bound::none;
  double factor = 0;
  std::string_view beside = {};
};

struct Measurement {
  std::string_view name;
  std::string_view unit;
  /// Those of one group are measured in turns, so that a busy moment of the machine meets all.
  int group;
  /// Two processes talk: measured pinned as well.
  bool two_processes;
  /// For figures that a round more makes no truer, or that take long.
  int max_rounds;
  Measure measure;
  Target target = {};
  Target second = {};
};

/// All there are, in the order of the report.
[[nodiscard]] std::span<const Measurement> measurements();
/// @returns null: none is called `name`
[[nodiscard]] const Measurement* find_measurement(std::string_view name);

/// No figure comes from lost messages: @throws std::runtime_error  `got` is not `expected`
template <class T>
void expect_count(std::string_view what, const T& got, const T& expected) {
  if (got != expected) throw std::runtime_error{std::string{what} + ": " + std::to_string(got) + " instead of " + std::to_string(expected)};
}

/// Seconds since it was made.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }
  [[nodiscard]] double microseconds() const { return seconds() * 1e6; }

 private:
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// @returns the middle of at least one value
[[nodiscard]] double median(std::span<double> values);

}  // namespace bench
