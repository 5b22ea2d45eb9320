// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/clock.hpp>

#include <ctime>

namespace troupe::detail {

namespace {

class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint roughly_now() const noexcept override {
    timespec time{};
    if (::clock_gettime(CLOCK_MONOTONIC_COARSE, &time) != 0) return now();
    return TimePoint{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
  }
};

}  // namespace

const Clock& Clock::steady() noexcept {
  static const SteadyClock clock;
  return clock;
}

}  // namespace troupe::detail
