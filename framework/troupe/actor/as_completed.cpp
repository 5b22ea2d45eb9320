// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/as_completed.hpp>

#include <troupe/node/core.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

void GatherEach::settled(std::size_t number, FutureState&) {
  Counted<TypedState<void>> wakes;
  {
    const std::lock_guard lock{mutex_};
    ended_.push_back(number);
    wakes = std::exchange(waiting_, {});
  }
  if (wakes) wakes->fulfil(std::monostate{});
}

std::size_t GatherEach::take(Duration patience) {
  const TimePoint until = after(node_->clock().now(), patience);
  for (;;) {
    auto one = Counted<TypedState<void>>::adopt(TypedState<void>::make(*node_));
    {
      const std::lock_guard lock{mutex_};
      if (!ended_.empty()) {
        const std::size_t first = ended_.front();
        ended_.pop_front();
        return first;
      }
      waiting_ = one;
    }
    if (!wait_for(*one, until)) raise(ErrorType::timeout, "none of the futures has ended within the patience", Executed::unknown);
  }
}

}  // namespace troupe::detail
