// troupe: actors in processes. Apache-2.0, see LICENSE.
// How much may be under way between two hosts, so that nothing waits long behind it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <troupe/node/clock.hpp>

namespace troupe::detail {

/// Grows while acknowledgements come quickly, and shrinks when what is sent lies in queues: measured as the delay above the shortest
/// one seen, as TCP Vegas does (Brakmo and Peterson, 1995). One frame at a time is timed.
///
/// Threads: guarded by its session.
class Window {
 public:
  /// Bytes that may be unacknowledged.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// The frame with this number leaves.
  void sent(std::uint64_t sequence, TimePoint now) noexcept {
    if (timed_ != 0) return;
    timed_ = sequence;
    since_ = now;
  }
  void acknowledged(std::uint64_t sequence, TimePoint now) noexcept {
    if (timed_ == 0 || sequence < timed_) return;
    timed_ = 0;
    const Duration took = now - since_;
    shortest_ = std::min(shortest_, took);
    const Duration queued = took - shortest_;
    if (queued > most_queued) bytes_ = std::max(bytes_ / 2, least_bytes);
    if (queued < most_queued / 2) bytes_ = std::min(bytes_ * 2, most_bytes);
  }

 private:
  static constexpr std::size_t least_bytes = 64 << 10;  // one part of a large message: half a second at 1 Mbit/s
  static constexpr std::size_t most_bytes = 1 << 20;
  static constexpr Duration most_queued = std::chrono::milliseconds{250};

  std::size_t bytes_ = least_bytes;
  std::uint64_t timed_ = 0;  // 0: none
  TimePoint since_{};
  Duration shortest_ = Duration::max();
};

}  // namespace troupe::detail
