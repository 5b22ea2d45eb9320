// troupe: actors in processes. Apache-2.0, see LICENSE.
// How often to look again before a thread sleeps: waking one on another core costs tens of microseconds.
#pragma once

#include <sched.h>

#include <chrono>

#include <troupe/node/clock.hpp>

namespace troupe::detail {

/// Yields between looks and stops when that turns out to be dear: beside a busy process a yield loses a whole slice (4 ms).
///
/// Threads: one object per thread.
class Tries {
 public:
  static constexpr int count = 50;

  void begin() noexcept { left_ = count; }
  /// @returns false: sleep now
  bool again() noexcept {
    if (left_ <= 0) return false;
    const auto before = std::chrono::steady_clock::now();
    if (before < barred_until_) {
      left_ = 0;
      return false;
    }
    --left_;
    ::sched_yield();
    const auto now = std::chrono::steady_clock::now();
    if (now - before > std::chrono::milliseconds{1}) {
      barred_until_ = now + bar_;
      bar_ = bar_ < std::chrono::milliseconds{640} ? bar_ * 2 : bar_;
      left_ = 0;  // look once more, then sleep
    } else if (now - barred_until_ > std::chrono::seconds{1}) {
      bar_ = std::chrono::milliseconds{10};
    }
    return true;
  }

 private:
  int left_ = 0;
  TimePoint barred_until_{};
  Duration bar_ = std::chrono::milliseconds{10};
};

}  // namespace troupe::detail
