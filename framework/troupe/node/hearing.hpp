// troupe: actors in processes. Apache-2.0, see LICENSE.
// When another host was heard of last, and what follows from its silence.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include <troupe/node/clock.hpp>
#include <troupe/node/options.hpp>

namespace troupe::detail {

/// Between two signs of life of a host: a tenth of `dead_after`, a second at most.
[[nodiscard]] inline Duration beat_interval(const NodeOptions& options) {
  return std::clamp<Duration>(options.dead_after / 10, std::chrono::milliseconds{10}, std::chrono::seconds{1});
}

/// The silence after which a host is suspected: three beats, of which none is quite punctual.
[[nodiscard]] inline Duration suspicious_silence(const NodeOptions& options) { return beat_interval(options) * 5 / 2; }

/// Threads: guarded by its session.
class Hearing {
 public:
  explicit Hearing(TimePoint now) noexcept : heard_{now} {}

  enum class Verdict : std::uint8_t {
    lives,
    suspect,  // it has just become silent
    lost,
  };
  /// @param heard  anything came since the last look
  [[nodiscard]] Verdict look(bool heard, TimePoint now, const NodeOptions& options) noexcept {
    if (heard) {
      heard_ = now;
      suspected_ = false;
    }
    if (now - heard_ > options.dead_after) return Verdict::lost;
    if (now - heard_ <= suspicious_silence(options)) return Verdict::lives;
    return std::exchange(suspected_, true) ? Verdict::lives : Verdict::suspect;
  }
  /// It was silent at the last look: perhaps the connection is at fault.
  [[nodiscard]] bool suspected() const noexcept { return suspected_; }

 private:
  TimePoint heard_;
  bool suspected_ = false;
};

}  // namespace troupe::detail
