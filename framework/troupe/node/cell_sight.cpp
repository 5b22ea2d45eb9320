// troupe: actors in processes. Apache-2.0, see LICENSE.
// What others see of an actor that goes on meanwhile.
#include <algorithm>
#include <chrono>

#include <troupe/node/cell.hpp>
#include <troupe/node/cell_extras.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

// A mark of a mailbox: the low bits of the milliseconds, so ages beyond 49 days begin again at 0.
std::uint32_t mark_of(TimePoint time) noexcept {
  const auto mark = static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
  return mark == 0 ? 1 : mark;
}

}  // namespace

void LocalCell::mark_waiting() noexcept { mailbox_.mark(mark_of(node().clock().roughly_now())); }

LocalCell::Sight LocalCell::sight() const {
  // What left is read before what came: the difference may be too large for a moment, but not negative for long.
  const std::uint64_t turns = turns_.load(std::memory_order_relaxed);
  Sight sight;
  sight.handled = turns / 4;
  sight.in_turn = turns % 2 != 0;
  sight.incarnation = incarnation();
  const std::uint32_t came = size_.load() + released_.load(std::memory_order_relaxed) + came_.load(std::memory_order_relaxed);
  const auto left = static_cast<std::uint32_t>(sight.handled) + (turns % 4 == 1 ? 1U : 0U);
  sight.waiting = static_cast<std::uint64_t>(std::max(static_cast<std::int32_t>(came - left), 0));
  const std::uint32_t mark = mailbox_.oldest(taken_);
  if (sight.waiting != 0 && mark != 0) sight.oldest = std::chrono::milliseconds{mark_of(node().clock().roughly_now()) - mark};
  return sight;
}

std::vector<Counted<LocalCell>> LocalCell::children() const {
  Extras* mine = extras_if_any();
  std::vector<Counted<LocalCell>> children;
  if (mine == nullptr) return children;
  const std::lock_guard lock{mine->mutex};
  for (const CellPointer& child : mine->children)
    if (child->local()) children.emplace_back(static_cast<LocalCell*>(child.get()));
  return children;
}

}  // namespace troupe::detail
