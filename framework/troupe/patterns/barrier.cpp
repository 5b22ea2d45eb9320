// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/barrier.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace troupe {

namespace detail {

BarrierOwner::BarrierOwner(std::uint64_t parties, std::optional<Step> action) : parties_{parties}, action_{std::move(action)} {
  if (parties == 0) throw Misuse{"a barrier needs one party at least"};
}

Future<BarrierPassed> BarrierOwner::on(const BarrierArrive& arrive) {
  if (broken_) return ready_future(BarrierPassed{0, true, why_});
  if (std::find(known_.begin(), known_.end(), arrive.holder.process) == known_.end()) {
    known_.push_back(arrive.holder.process);
    watch(arrive.holder.process);
  }
  Waiting& waiting = waiting_.emplace_back();
  waiting.number = ++last_number_;
  waiting.process = arrive.holder.process;
  auto future = waiting.done.future();
  if (waiting_.size() == parties_) {
    pass();
  } else if (arrive.wait != forever) {
    waiting.timer = send_after(arrive.wait, BarrierExpired{waiting.number});
  }
  return future;
}

void BarrierOwner::on(const BarrierChange& change) {
  broken_ = change.order == BarrierOrder::abort;
  why_.clear();
  release(true);
}

void BarrierOwner::on(const BarrierExpired& expired) {
  if (std::none_of(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return each.number == expired.waiting; })) return;
  broken_ = true;
  release(true);
}

void BarrierOwner::on(const Down& down) {
  std::erase_if(known_, [&](const auto& process) { return down.is(process); });
  if (std::none_of(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return down.is(each.process); })) return;
  broken_ = true;
  release(true);
}

void BarrierOwner::pass() {
  try {
    BarrierRound round;
    if (action_) (void)take_step(round, *action_);
  } catch (const std::exception& error) {
    why_ = std::string{": its action threw "} + error.what();
    broken_ = true;
  } catch (...) {
    why_ = ": its action threw what is no exception";
    broken_ = true;
  }
  release(broken_);
}

void BarrierOwner::release(bool broken) {
  std::uint64_t index = 0;
  for (auto& waiting : std::exchange(waiting_, {})) {
    waiting.timer.cancel();
    waiting.done.set_value(BarrierPassed{index++, broken, why_});
  }
}

}  // namespace detail

using namespace detail;

Barrier::Barrier(Node& node, std::uint64_t parties, PatternOptions options)
    : OwnerHandle{spawn_owner<BarrierOwner>(node, options.place, parties, std::optional<Step>{}), std::move(options.name)} {}
Barrier::Barrier(Node& node, std::uint64_t parties, const BarrierAction& action, PatternOptions options)
    : OwnerHandle{spawn_owner<BarrierOwner>(node, options.place, parties, std::optional{action.step()}), std::move(options.name)} {}

std::uint64_t Barrier::arrive_and_wait_for(Duration patience) const {
  auto arrived = owner().ask(BarrierArrive{this_holder(owner().pointer()), patience}, forever);
  const BarrierPassed passed = waited(std::move(arrived), "at the barrier", name()).get();
  if (passed.broken) throw BrokenBarrier{"the barrier '" + name() + "' is broken" + passed.why + "; nobody passes until it is reset"};
  return passed.index;
}

void Barrier::abort() const { owner().ask(BarrierChange{BarrierOrder::abort}).get(); }
void Barrier::reset() const { owner().ask(BarrierChange{BarrierOrder::reset}).get(); }
std::uint64_t Barrier::parties() const { return owner().ask(BarrierLook{}).get().parties; }
std::uint64_t Barrier::waiting() const { return owner().ask(BarrierLook{}).get().waiting; }
bool Barrier::broken() const { return owner().ask(BarrierLook{}).get().broken; }

}  // namespace troupe
