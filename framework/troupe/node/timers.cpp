// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/timers.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace troupe::detail {

Timers::Timers(const Clock& clock, std::function<void()> wake) : clock_{clock}, wake_{std::move(wake)}, start_{clock.now()} {}

std::uint64_t Timers::tick_of(TimePoint when) const {
  if (when <= start_) return 0;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(when - start_);
  return static_cast<std::uint64_t>(since.count()) + 1;  // never early
}

TimePoint Timers::time_of(std::uint64_t tick) const { return after(start_, std::chrono::milliseconds{tick}); }

void Timers::insert(Timer& timer) {
  const std::uint64_t distance = timer.tick_ ^ now_;
  const auto level = distance == 0 ? 0U : static_cast<unsigned>(std::bit_width(distance) - 1) / 6;
  timer.level_ = static_cast<std::uint8_t>(std::min(level, levels - 1));
  timer.slot_ = static_cast<std::uint8_t>((timer.tick_ >> (6U * timer.level_)) & (slots - 1));
  Timer*& first = wheel_[timer.level_][timer.slot_];
  timer.previous_ = nullptr;
  timer.next_ = first;
  if (first != nullptr) first->previous_ = &timer;
  first = &timer;
  occupied_[timer.level_] |= 1ULL << timer.slot_;
}

void Timers::remove(Timer& timer) {
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  if (timer.previous_ != nullptr) {
    timer.previous_->next_ = timer.next_;
    return;
  }
  wheel_[timer.level_][timer.slot_] = timer.next_;
  if (timer.next_ == nullptr) occupied_[timer.level_] &= ~(1ULL << timer.slot_);
}

void Timers::schedule(Timer& timer, TimePoint when) {
  {
    const std::lock_guard lock{mutex_};
    // A timer of more than a year is put at the rim, and looked at again there.
    timer.tick_ = std::clamp(tick_of(when), now_ + 1, now_ + (std::uint64_t{1} << 35U));
    timer.scheduled_ = true;
    insert(timer);
    if (timer.tick_ >= armed_) return;
    armed_ = timer.tick_;
  }
  wake_();
}

bool Timers::cancel(Timer& timer) {
  const std::lock_guard lock{mutex_};
  if (!timer.scheduled_) return false;
  timer.scheduled_ = false;
  remove(timer);
  return true;
}

// The earliest tick at which a slot has to be looked at: exact on the lowest level, the slot's first tick above it.
std::uint64_t Timers::next_tick() const {
  std::uint64_t next = UINT64_MAX;
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned shift = 6U * level;
    const auto current = static_cast<unsigned>((now_ >> shift) & (slots - 1));
    const int ahead = std::countr_zero(std::rotr(occupied_[level], static_cast<int>(current)));
    const std::uint64_t tick = ((now_ >> shift) + static_cast<std::uint64_t>(ahead)) << shift;
    next = std::min(next, std::max(tick, now_ + 1));
  }
  return next;
}

// Moves to `tick`: what lies in the slots that begin there either is due or goes a level down.
void Timers::collect(std::uint64_t tick, std::vector<Timer*>& due) {
  now_ = tick;
  for (unsigned level = levels; level-- > 0;) {
    const auto slot = static_cast<unsigned>((tick >> (6U * level)) & (slots - 1));
    if ((occupied_[level] & (1ULL << slot)) == 0) continue;
    Timer* timer = std::exchange(wheel_[level][slot], nullptr);
    occupied_[level] &= ~(1ULL << slot);
    while (timer != nullptr) {
      Timer* next = timer->next_;
      if (timer->tick_ <= tick) {
        timer->scheduled_ = false;
        due.push_back(timer);
      } else {
        insert(*timer);
      }
      timer = next;
    }
  }
}

TimePoint Timers::advance() {
  for (;;) {
    {
      const std::lock_guard lock{mutex_};
      const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - start_);
      const auto present = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 0));
      std::uint64_t next = next_tick();
      while (next <= present) {
        collect(next, due_);
        next = next_tick();
      }
      now_ = std::max(now_, present);
      if (due_.empty()) {
        armed_ = next_tick();
        return armed_ == UINT64_MAX ? TimePoint::max() : time_of(armed_);
      }
      armed_ = 0;  // no need to wake us: we look again below
    }
    std::stable_sort(due_.begin(), due_.end(), [](const Timer* a, const Timer* b) { return a->tick_ < b->tick_; });
    for (Timer* timer : due_) timer->fire();
    due_.clear();
  }
}

}  // namespace troupe::detail
