// troupe: actors in processes. Apache-2.0, see LICENSE.
// What expires: a deadline or a timer, as its node's wheel sees it.
#pragma once

#include <cstdint>

namespace troupe::detail {

/// What expires: lies inside its owner, who keeps it alive while it is scheduled.
class Timer {
 public:
  /// Runs on the node's thread, under no lock, once for every `schedule` that was not cancelled.
  virtual void fire() = 0;

 protected:
  ~Timer() = default;

 private:
  friend class Timers;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::uint64_t tick_ = 0;
  std::uint8_t level_ = 0;
  std::uint8_t slot_ = 0;
  bool scheduled_ = false;
};

}  // namespace troupe::detail
