// troupe: actors in processes. Apache-2.0, see LICENSE.
// Deadlines and timers of a node: a hierarchical timing wheel, so that a million pending ones cost no scan.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/timer.hpp>

namespace troupe::detail {

/// Six levels of 64 slots, one tick a millisecond (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987).
/// Scheduling and cancelling take constant time; a timer fires at most one tick late, never early.
///
/// Threads: safe; `advance` one at a time.
class Timers {
 public:
  /// @param wake  called, under no lock, when something was scheduled earlier than what `advance` last returned
  Timers(const Clock& clock, std::function<void()> wake);

  /// @pre `timer` is not scheduled
  void schedule(Timer& timer, TimePoint when);
  /// @returns true if it was still to fire: it never will; false: it fired, fires now, or was never scheduled
  bool cancel(Timer& timer);
  /// Fires what is due.
  /// @returns when to call again; the end of time if nothing is scheduled
  TimePoint advance();

 private:
  static constexpr unsigned levels = 6;
  static constexpr unsigned slots = 64;

  [[nodiscard]] std::uint64_t tick_of(TimePoint when) const;
  [[nodiscard]] TimePoint time_of(std::uint64_t tick) const;
  void insert(Timer& timer);
  void remove(Timer& timer);
  [[nodiscard]] std::uint64_t next_tick() const;
  void collect(std::uint64_t tick, std::vector<Timer*>& due);

  const Clock& clock_;
  const std::function<void()> wake_;
  const TimePoint start_;
  std::mutex mutex_;
  std::uint64_t now_ = 0;             // the last tick that was handled
  std::uint64_t armed_ = UINT64_MAX;  // what `advance` last returned
  std::array<std::array<Timer*, slots>, levels> wheel_{};
  std::array<std::uint64_t, levels> occupied_{};
  std::vector<Timer*> due_;
};

}  // namespace troupe::detail
