// troupe: actors in processes. Apache-2.0, see LICENSE.
// What becomes of a pool when a worker cannot be started, or dies.
#include <algorithm>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/patterns/pool_keeper.hpp>
#include <troupe/patterns/pool_owner.hpp>

namespace troupe::detail {

namespace {

constexpr auto first_pause = std::chrono::milliseconds{10};  // before a worker is started again that did not live; doubled each time
constexpr auto longest_pause = std::chrono::seconds{5};
constexpr unsigned most_failures = 5;  // in a row, and nobody lives: nobody ever will

std::string seconds(Duration duration) {
  std::string text = std::to_string(std::chrono::duration<double>{duration}.count());
  text.resize(text.find('.') + 3);
  return text + " s";
}

std::shared_ptr<const ErrorInfo> share(ErrorInfo info) { return std::make_shared<const ErrorInfo>(std::move(info)); }

}  // namespace

void PoolOwner::not_started(std::uint64_t number, const ErrorInfo& why) {
  Outcomes outcomes;
  {
    const std::lock_guard lock{mutex_};
    remove(number);
    start_failed(why, outcomes);
    want_look();
  }
  deliver(outcomes);
}

void PoolOwner::start_failed(const ErrorInfo& why, Outcomes& outcomes) {
  if (closed_) return;
  const bool host_lost = why.code == Errc::unreachable || why.code == Errc::closed || why.code == Errc::not_found;
  if (spreads() && host_lost && why.cause == nullptr) {  // it is started elsewhere
    next_start_ = std::max(next_start_, node_.clock().now() + first_pause);
    return;
  }
  // What the initial function threw, as it was thrown; else how the process ended.
  ErrorInfo error = why.cause != nullptr && !why.signal && why.cause->code == Errc::handler_failed ? *why.cause : why;
  if (error.type == ErrorType::actor_died) error.type = ErrorType::worker_died;
  error.executed = Executed::no;
  if (!all_began_) {
    all_began_ = true;
    break_off(error, outcomes);
    begun_->fail(broken_);
    return;
  }
  const TimePoint now = node_.clock().now();
  if (now >= next_start_) next_start_ = now + std::min<Duration>(first_pause * (1U << std::min(failures_, 16U)), longest_pause);
  ++failures_;
  if (ready_ == 0 && failures_ >= most_failures) break_off(error, outcomes);
}

// There are no workers to be had: nothing waits for them any more.
void PoolOwner::break_off(const ErrorInfo& why, Outcomes& outcomes) {
  broken_ = share(why);
  end_all(outcomes, broken_);
}

void PoolOwner::end_all(Outcomes& outcomes, const std::shared_ptr<const ErrorInfo>& why) {
  closed_ = true;
  while (!queue_.empty()) {
    outcomes.push_back({std::move(queue_.front()), PoolResultKind::error, {}, why});
    queue_.pop_front();
    finished(1);
  }
  ErrorInfo begun = *why;
  begun.executed = Executed::unknown;
  const auto why_unknown = share(std::move(begun));
  for (auto& [number, member] : members_) {
    for (PoolParcel& parcel : member->parcels) {
      for (PoolItem& item : parcel.items) fail(std::move(item), outcomes, why_unknown);
      member->left -= std::exchange(parcel.left, 0);
    }
    if (member->life == PoolMember::Life::ready) --ready_;
    member->life = PoolMember::Life::retiring;
    member->until = TimePoint::max();
    line_up(*member);
    if (member->ref) member->ref.kill();
  }
  for (auto& waiter : std::exchange(room_waiters_, {})) waiter->fulfil(std::monostate{});
  want_look();
}

void PoolOwner::down(std::uint64_t number, const Down& down) {
  Outcomes outcomes;
  {
    const std::lock_guard lock{mutex_};
    const auto found = members_.find(number);
    if (found == members_.end()) return;
    PoolMember& member = *found->second;
    const bool was_starting = member.life == PoolMember::Life::starting;
    const bool at_once = member.life == PoolMember::Life::ready && member.given == 0;
    lose(member, down.error, outcomes);
    remove(number);
    if (was_starting) start_failed(down.error, outcomes);
    const TimePoint now = node_.clock().now();
    if (at_once && now >= next_start_) next_start_ = now + first_pause;
    dispatch(outcomes);
    want_look();
  }
  deliver(outcomes);
}

// What becomes of the tasks of a worker that has died.
void PoolOwner::lose(PoolMember& member, const ErrorInfo& how, Outcomes& outcomes) {
  for (std::size_t slot = member.parcels.size(); slot-- > 0;) {
    PoolParcel& parcel = member.parcels[slot];
    const PoolMark* mark = member.mark(slot);
    std::size_t begun = parcel.state == PoolParcel::State::sent ? 1 : 0;
    std::size_t done = 0;
    if (mark != nullptr && parcel.state != PoolParcel::State::unsent) {
      begun = PoolMark::begun_of(mark->claim.load());
      done = mark->finished.load();
    }
    for (std::size_t i = parcel.items.size(); i-- > 0;) {
      PoolItem& item = parcel.items[i];
      if (item.job == nullptr) continue;
      if (i >= begun) {
        put_back(std::move(item));
      } else if (i < done) {
        options_.rerun ? put_back(std::move(item)) : fail(std::move(item), outcomes, worker_died(member, item, how, Executed::yes));
      } else if (item.attempts < item.job->retries && item.job->wanted()) {
        ++item.attempts;
        put_back(std::move(item));
      } else {
        auto error = worker_died(member, item, how, Executed::unknown);
        fail(std::move(item), outcomes, std::move(error));
      }
    }
    parcel = {};
  }
  member.left = member.busy = 0;
}

std::shared_ptr<const ErrorInfo> PoolOwner::worker_died(const PoolMember& member, const PoolItem& item, const ErrorInfo& how,
                                                        Executed executed) const {
  ErrorInfo info = how;
  info.type = ErrorType::worker_died;
  info.code = Errc::died;
  info.executed = executed;
  info.pid = member.pid;
  info.actor = item.job->code.name;
  if (member.timed_out) {
    info.cause = share(make_error(ErrorType::timeout, "it ran for longer than " + seconds(item.job->timeout), executed));
    info.what = "the task " + info.actor + " of the pool '" + options_.name + "' ran for longer than " + seconds(item.job->timeout) +
                ", and its worker was ended";
  } else if (executed == Executed::yes) {
    info.what =
        "the task " + info.actor + " of the pool '" + options_.name + "' was done, but its result died with the worker: " + how.what;
  } else {
    info.what = "the worker that ran the task " + info.actor + " of the pool '" + options_.name + "' died: " + how.what;
  }
  return share(std::move(info));
}

}  // namespace troupe::detail
