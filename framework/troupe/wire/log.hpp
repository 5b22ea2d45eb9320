// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where troupe's own lines go: a sink that the user may set, run by a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Takes one line without its newline. Runs on troupe's log thread, one call at a time; may block. What it throws is dropped.
using LogSink = std::function<void(LogLevel, std::string_view)>;

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// Sends troupe's lines to `sink` from now on; an empty one restores the default, which writes `troupe: LINE` to stderr
/// for everything above `debug`. Returns once the former sink runs no longer (at once, if called by the sink itself).
void set_log_sink(LogSink sink);

namespace detail {

/// Lines that wait for the sink. What comes when it is full is left out and counted: a slow sink must not stop a node.
constexpr std::size_t max_log_lines = 1000;

/// Gives `line` to the log thread. Never blocks for the sink, never throws; works in static destructors too.
void log(LogLevel level, std::string line) noexcept;

/// Waits until the sink has had all lines so far, for at most `patience`.
/// @returns whether it has
bool flush_log(std::chrono::nanoseconds patience) noexcept;

/// Lets something be said once per `interval`, with how often it was left out since.
///
/// Threads: safe.
class RateLimit {
 public:
  explicit RateLimit(std::chrono::nanoseconds interval) noexcept : interval_{interval.count()} {}

  /// Whether to say it now; `now` of any one monotonic clock.
  [[nodiscard]] bool admits(std::chrono::nanoseconds now) noexcept;
  /// How many were turned away since the last call of this; for the line that was admitted.
  [[nodiscard]] std::uint64_t take_left_out() noexcept { return left_out_.exchange(0, std::memory_order_relaxed); }
  /// Logs `line` if admitted, by the steady clock, with " (N more left out)".
  void log(LogLevel level, std::string line) noexcept;

 private:
  static constexpr std::int64_t never = INT64_MIN;

  const std::int64_t interval_;
  std::atomic<std::int64_t> last_{never};
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace detail
}  // namespace troupe
