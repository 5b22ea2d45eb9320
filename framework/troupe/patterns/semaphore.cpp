// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/semaphore.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace detail {

SemaphoreOwner::Process& SemaphoreOwner::know(const Ref<Presence>& process) {
  const auto known = std::find_if(processes_.begin(), processes_.end(), [&](const Process& each) { return each.process == process; });
  if (known != processes_.end()) return *known;
  watch(process);
  return processes_.emplace_back(Process{process, 0});
}

Future<bool> SemaphoreOwner::on(const SemaphoreTake& take) {
  Process& taker = know(take.holder.process);
  if (value_ > 0 && waiting_.empty()) {
    --value_;
    ++taker.held;
    return ready_future(true);
  }
  if (take.wait <= Duration::zero()) return ready_future(false);
  Waiting& waiting = waiting_.emplace_back();
  waiting.number = ++last_number_;
  waiting.process = take.holder.process;
  if (take.wait != forever) waiting.timer = send_after(take.wait, SemaphoreExpired{waiting.number});
  return waiting.done.future();
}

Future<void> SemaphoreOwner::on(const SemaphoreGive& give) {
  if (give.count > most_ - value_) {
    ErrorInfo error = make_error(ErrorType::misuse, "the semaphore '" + name_ + "' would have more than at first: nothing was added");
    error.actor = name_;
    return failed_future<void>(std::make_shared<const ErrorInfo>(std::move(error)));
  }
  // Its own first; then what others took, in the order in which they came.
  std::uint64_t left = give.count;
  const auto give_back = [&](Process& process) {
    const std::uint64_t given = std::min(left, process.held);
    process.held -= given;
    left -= given;
  };
  give_back(know(give.holder.process));
  for (Process& process : processes_) give_back(process);
  value_ += give.count;
  abandoned_ = false;
  hand_on();
  return ready_future();
}

void SemaphoreOwner::on(const SemaphoreExpired& expired) {
  const auto waiting = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return each.number == expired.waiting; });
  if (waiting == waiting_.end()) return;
  waiting->done.set_value(false);
  waiting_.erase(waiting);
}

void SemaphoreOwner::on(const Down& down) {
  std::erase_if(waiting_, [&](const Waiting& each) { return down.is(each.process); });
  const auto dead = std::find_if(processes_.begin(), processes_.end(), [&](const Process& each) { return down.is(each.process); });
  if (dead == processes_.end()) return;
  const std::uint64_t held = down.reason == Exit::normal ? 0 : dead->held;
  processes_.erase(dead);
  value_ += held;
  abandoned_ = abandoned_ || held > 0;
  hand_on();
}

void SemaphoreOwner::hand_on() {
  while (value_ > 0 && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    next.timer.cancel();
    if (!next.done.wanted()) continue;
    --value_;
    ++know(next.process).held;
    next.done.set_value(true);
  }
}

}  // namespace detail

using namespace detail;

Semaphore::Semaphore(Node& node, std::uint64_t value, std::uint64_t most, PatternOptions options)
    : OwnerHandle{spawn_owner<SemaphoreOwner>(node, options.place, value, most, options.name), std::move(options.name)} {}
Semaphore::Semaphore(Node& node, std::uint64_t value, PatternOptions options) : Semaphore{node, value, UINT64_MAX, std::move(options)} {}
BoundedSemaphore::BoundedSemaphore(Node& node, std::uint64_t value, PatternOptions options)
    : Semaphore{node, value, value, std::move(options)} {}

Future<bool> Semaphore::acquire_async(Duration patience) const {
  return owner().ask(SemaphoreTake{this_holder(owner().pointer()), patience}, forever);
}
bool Semaphore::take(Duration patience) const { return waited(acquire_async(patience), "for the semaphore", name()).get(); }

void Semaphore::acquire() const { (void)take(forever); }
bool Semaphore::try_acquire() const { return take(Duration::zero()); }
bool Semaphore::try_acquire_for(Duration patience) const { return take(patience); }
void Semaphore::release(std::uint64_t count) const { owner().ask(SemaphoreGive{this_holder(owner().pointer()), count}).get(); }
std::uint64_t Semaphore::value() const { return owner().ask(SemaphoreLook{}).get().value; }
bool Semaphore::abandoned() const { return owner().ask(SemaphoreLook{}).get().abandoned; }

}  // namespace troupe
