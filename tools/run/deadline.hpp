// troupe: actors in processes. Apache-2.0, see LICENSE.
// A point in time that a poll loop may be waiting for.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace troupe::tools {

class Deadline {
 public:
  void set(std::chrono::milliseconds from_now) { at_ = std::chrono::steady_clock::now() + from_now; }
  void clear() { at_.reset(); }
  [[nodiscard]] bool is_set() const { return at_.has_value(); }
  [[nodiscard]] bool is_over() const { return at_ && std::chrono::steady_clock::now() >= *at_; }
  /// For poll, in milliseconds; -1: no limit.
  [[nodiscard]] int patience() const {
    if (!at_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*at_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> at_;
};

}  // namespace troupe::tools
