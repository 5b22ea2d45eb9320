// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/lock_owner.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

std::shared_ptr<const ErrorInfo> LockOwner::misuse(const char* text) const {
  ErrorInfo error = make_error(ErrorType::misuse, "the lock '" + name_ + "' " + text);
  error.actor = name_;
  return std::make_shared<const ErrorInfo>(std::move(error));
}

// Its death is heard of from now on.
void LockOwner::know(const Holder& holder) {
  if (std::find(known_.begin(), known_.end(), holder.process) != known_.end()) return;
  known_.push_back(holder.process);
  watch(holder.process);
}

LockOwner::Waiting& LockOwner::wait(std::deque<Waiting>& line, const Holder& holder, Duration patience) {
  Waiting& waiting = line.emplace_back();
  waiting.number = ++last_number_;
  waiting.holder = holder;
  if (patience != forever) waiting.timer = send_after(patience, LockExpired{waiting.number});
  return waiting;
}

Future<bool> LockOwner::on(const LockTake& take) {
  know(take.holder);
  if (depth_ == 0 && takers_.empty()) {
    holder_ = take.holder;
    depth_ = 1;
    return ready_future(true);
  }
  const bool mine = depth_ != 0 && holder_ == take.holder;
  if (mine && reentry_ == Reentry::counted) {
    ++depth_;
    return ready_future(true);
  }
  if (take.wait <= Duration::zero()) return ready_future(false);
  if (mine) return failed_future<bool>(misuse("is held by its caller already, who would wait for itself"));
  return wait(takers_, take.holder, take.wait).done.future();
}

Future<void> LockOwner::on(const LockGive& give) {
  if (depth_ == 0 || holder_ != give.holder) return failed_future<void>(misuse("is not held by who unlocks it"));
  if (--depth_ == 0) {
    abandoned_ = false;
    hand_on();
  }
  return ready_future();
}

LockLooks LockOwner::on(const LockLook& look) const { return {depth_ != 0, depth_ != 0 && holder_ == look.holder, abandoned_}; }

Future<bool> LockOwner::on(const ConditionWait& waits) {
  if (depth_ == 0 || holder_ != waits.holder) return failed_future<bool>(misuse("is not held by who waits for its condition"));
  Waiting& sleeper = wait(sleepers_, waits.holder, waits.wait);
  sleeper.condition = waits.condition;
  sleeper.depth = std::exchange(depth_, 0);
  auto future = sleeper.done.future();
  abandoned_ = false;
  hand_on();
  return future;
}

Future<void> LockOwner::on(const ConditionNotify& notify) {
  if (depth_ == 0 || holder_ != notify.holder) return failed_future<void>(misuse("is not held by who notifies its condition"));
  std::uint64_t left = notify.count;
  for (auto sleeper = sleepers_.begin(); sleeper != sleepers_.end() && left > 0;) {
    if (sleeper->condition != notify.condition) {
      ++sleeper;
      continue;
    }
    sleeper->timer.cancel();
    if (sleeper->done.wanted()) {
      --left;
      takers_.push_back(std::move(*sleeper));
    }
    sleeper = sleepers_.erase(sleeper);
  }
  return ready_future();
}

void LockOwner::on(const LockExpired& expired) {
  const auto is_it = [&](const Waiting& each) { return each.number == expired.waiting; };
  if (const auto taker = std::find_if(takers_.begin(), takers_.end(), is_it); taker != takers_.end()) {
    taker->done.set_value(false);
    takers_.erase(taker);
    return;
  }
  const auto sleeper = std::find_if(sleepers_.begin(), sleepers_.end(), is_it);
  if (sleeper == sleepers_.end()) return;
  sleeper->result = false;
  takers_.push_back(std::move(*sleeper));
  takers_.back().number = 0;  // it must have the lock again, however long that takes
  sleepers_.erase(sleeper);
  if (depth_ == 0) hand_on();
}

void LockOwner::on(const Down& down) {
  std::erase_if(known_, [&](const auto& process) { return down.is(process); });
  const auto is_dead = [&](const Waiting& each) { return down.is(each.holder.process); };
  std::erase_if(takers_, is_dead);
  std::erase_if(sleepers_, is_dead);
  if (depth_ == 0 || !down.is(holder_.process)) return;
  depth_ = 0;
  abandoned_ = true;
  hand_on();
}

// Nobody holds it: the first who still wants it does now.
void LockOwner::hand_on() {
  while (depth_ == 0 && !takers_.empty()) {
    Waiting next = std::move(takers_.front());
    takers_.pop_front();
    next.timer.cancel();
    if (!next.done.wanted()) continue;
    holder_ = next.holder;
    depth_ = next.depth;
    next.done.set_value(next.result);
  }
}

}  // namespace troupe::detail
