// troupe: actors in processes. Apache-2.0, see LICENSE.
// The one source of time: everything that waits or expires reads it here, so that a test can put another in its place.
#pragma once

#include <chrono>

namespace troupe {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;

/// A patience without end.
inline constexpr Duration forever = Duration::max();
/// How long the framework's own answers are waited for where the caller says nothing.
inline constexpr Duration default_patience = std::chrono::seconds{30};

namespace detail {

/// Monotonic time. Threads: safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const noexcept { return std::chrono::steady_clock::now(); }
  /// The same, up to 10 ms behind, for a fraction of the cost.
  [[nodiscard]] virtual TimePoint roughly_now() const noexcept { return now(); }

  [[nodiscard]] static const Clock& steady() noexcept;
};

/// `start + patience`, and the end of time where that would overflow.
[[nodiscard]] constexpr TimePoint after(TimePoint start, Duration patience) noexcept {
  if (patience <= Duration::zero()) return start;
  if (patience >= TimePoint::max() - start) return TimePoint::max();
  return start + patience;
}

}  // namespace detail
}  // namespace troupe
