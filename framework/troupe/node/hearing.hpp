// troupe: actors in processes. Apache-2.0, see LICENSE.
// When another host was heard of last, and what follows from its silence.
#pragma once

#include <algorithm>
#include <chrono>

#include <troupe/node/clock.hpp>
#include <troupe/node/options.hpp>

namespace troupe::detail {

/// Between two signs of life of a host: a tenth of `dead_after`, a second at most.
[[nodiscard]] inline Duration beat_interval(const NodeOptions& options) {
  return std::clamp<Duration>(options.dead_after / 10, std::chrono::milliseconds{10}, std::chrono::seconds{1});
}

/// Threads: guarded by its session.
class Hearing {
 public:
  explicit Hearing(TimePoint now) noexcept : heard_{now}, dialled_{now} {}

  enum class Verdict : std::uint8_t {
    lives,
    suspect,     // it has just become silent
    dial_again,  // it has been for long: perhaps the connection is at fault
    lost,
  };
  /// @param heard  anything came since the last look
  [[nodiscard]] Verdict look(bool heard, TimePoint now, const NodeOptions& options) noexcept {
    constexpr int suspicious_beats = 3;
    if (heard) {
      heard_ = dialled_ = now;
      suspected_ = false;
    }
    if (now - heard_ > options.dead_after) return Verdict::lost;
    // Not sooner: on a line that loses much, a connection goes on sooner than a new one is made.
    if (now - dialled_ > options.dead_after / 2) {
      dialled_ = now;
      return Verdict::dial_again;
    }
    if (suspected_ || now - heard_ <= suspicious_beats * beat_interval(options)) return Verdict::lives;
    suspected_ = true;
    return Verdict::suspect;
  }

 private:
  TimePoint heard_;
  TimePoint dialled_;
  bool suspected_ = false;
};

}  // namespace troupe::detail
