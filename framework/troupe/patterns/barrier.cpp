// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/barrier.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace troupe {

namespace detail {

BarrierOwner::BarrierOwner(std::uint64_t parties, std::optional<Step> action, std::string name)
    : parties_{parties}, action_{std::move(action)}, name_{std::move(name)} {
  if (parties == 0) throw Misuse{"a barrier needs one party at least"};
}

Future<std::uint64_t> BarrierOwner::on(const BarrierArrive& arrive) {
  if (broken_ != nullptr) return failed_future<std::uint64_t>(broken_);
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
  break_up(change.order == BarrierOrder::abort ? "it was aborted" : "it was reset");
  if (change.order == BarrierOrder::reset) broken_ = nullptr;
}

void BarrierOwner::on(const BarrierExpired& expired) {
  if (std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return each.number == expired.waiting; }))
    break_up("somebody's patience has ended");
}

void BarrierOwner::on(const Down& down) {
  std::erase_if(known_, [&](const auto& process) { return down.is(process); });
  if (std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return down.is(each.process); }))
    break_up("somebody who waited has died");
}

// All have come.
void BarrierOwner::pass() {
  try {
    BarrierRound round;
    if (action_) (void)take_step(round, *action_);
  } catch (const std::exception& error) {
    return break_up(std::string{"its action threw "} + error.what());
  } catch (...) {
    return break_up("its action threw what is no exception");
  }
  std::uint64_t index = 0;
  for (auto& waiting : std::exchange(waiting_, {})) {
    waiting.timer.cancel();
    waiting.done.set_value(index++);
  }
}

void BarrierOwner::break_up(const std::string& why) {
  ErrorInfo error = make_error(ErrorType::broken_barrier, "the barrier '" + name_ + "' is broken until it is reset: " + why);
  error.actor = name_;
  broken_ = std::make_shared<const ErrorInfo>(std::move(error));
  for (auto& waiting : std::exchange(waiting_, {})) {
    waiting.timer.cancel();
    waiting.done.set_error(broken_);
  }
}

}  // namespace detail

using namespace detail;

Barrier::Barrier(Node& node, std::uint64_t parties, PatternOptions options)
    : OwnerHandle{spawn_owner<BarrierOwner>(node, options.place, parties, std::optional<Step>{}, options.name), std::move(options.name)} {}
Barrier::Barrier(Node& node, std::uint64_t parties, const BarrierAction& action, PatternOptions options)
    : OwnerHandle{spawn_owner<BarrierOwner>(node, options.place, parties, std::optional{action.step()}, options.name),
                  std::move(options.name)} {}

std::uint64_t Barrier::arrive_and_wait_for(Duration patience) const {
  return waited(arrive_async(patience), "at the barrier", name()).get();
}
Future<std::uint64_t> Barrier::arrive_async(Duration patience) const {
  return owner().ask(BarrierArrive{this_holder(owner().pointer()), patience}, forever);
}

void Barrier::abort() const { owner().ask(BarrierChange{BarrierOrder::abort}).get(); }
void Barrier::reset() const { owner().ask(BarrierChange{BarrierOrder::reset}).get(); }
std::uint64_t Barrier::parties() const { return owner().ask(BarrierLook{}).get().parties; }
std::uint64_t Barrier::waiting() const { return owner().ask(BarrierLook{}).get().waiting; }
bool Barrier::broken() const { return owner().ask(BarrierLook{}).get().broken; }

}  // namespace troupe
