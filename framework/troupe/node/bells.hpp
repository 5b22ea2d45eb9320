// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who wants to be woken when something has changed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/node/counted.hpp>
#include <troupe/node/future_state.hpp>

namespace troupe::detail {

using Bell = Counted<TypedState<void>>;

/// Threads: safe.
class Bells {
 public:
  /// `bell` rings once, at the next change.
  void add(const Bell& bell) {
    constexpr std::size_t least = 16;
    const std::lock_guard lock{mutex_};
    if (bells_.size() >= looked_at_) {  // who waits for several things has left the others' bells behind
      std::erase_if(bells_, [](const Bell& each) { return each->claimed(); });
      looked_at_ = std::max(least, 2 * bells_.size());
    }
    bells_.push_back(bell);
  }
  void ring() {
    std::vector<Bell> rung;
    {
      const std::lock_guard lock{mutex_};
      rung.swap(bells_);
      looked_at_ = 0;
    }
    for (const Bell& bell : rung) bell->fulfil(std::monostate{});
  }

 private:
  std::mutex mutex_;
  std::vector<Bell> bells_;
  std::size_t looked_at_ = 0;  // by this number those that have rung are thrown out
};

/// Rings when `settled` ends, whatever it brings; at once, if it has.
void ring_when(FutureState& settled, const std::shared_ptr<Bells>& bells);
void ring_when(FutureState& settled, const Bell& bell);

}  // namespace troupe::detail
