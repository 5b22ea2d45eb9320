// troupe: actors in processes. Apache-2.0, see LICENSE.
// How results come back to a pool's calls, and tasks that have not begun to other workers.
#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/patterns/pool_owner.hpp>

namespace troupe::detail {

namespace {

constexpr auto sharing_pays = std::chrono::milliseconds{1};  // for tasks that wait at a worker while others have none
constexpr std::size_t tries_to_share = 8;

template <class T>
bool read(std::span<const std::byte>& from, T& value) {
  if (from.size() < sizeof value) return false;
  std::memcpy(&value, from.data(), sizeof value);
  from = from.subspan(sizeof value);
  return true;
}

std::shared_ptr<const ErrorInfo> too_late() {
  return std::make_shared<const ErrorInfo>(make_error(ErrorType::timeout, "no result within the patience; the task was not begun"));
}

}  // namespace

void PoolOwner::deliver(Outcomes& outcomes) {
  for (Outcome& each : outcomes) {
    PoolJob& job = *each.item.job;
    if (each.error != nullptr) {
      job.error(each.item.index, std::move(each.error));
    } else if (each.kind == PoolResultKind::value) {
      job.value(each.item.index, each.encoded);
    } else if (each.kind == PoolResultKind::skipped) {
      job.error(each.item.index, too_late());
    } else {
      ErrorInfo error;
      try {
        decode_into(each.encoded, error);
      } catch (const Error& malformed) {
        error = *malformed.info();
      }
      job.error(each.item.index, std::make_shared<const ErrorInfo>(std::move(error)));
    }
  }
  outcomes.clear();
}

// --- Results ----------------------------------------------------------------------------------------------------------------

void PoolOwner::arrived(std::uint64_t number, std::size_t slot, const PoolResults& results, Part part) {
  Outcomes outcomes;
  std::vector<PoolItem> done;  // freed without the mutex
  {
    const std::lock_guard lock{mutex_};
    const auto found = members_.find(number);
    if (found == members_.end() || slot >= found->second->parcels.size()) return;
    PoolMember& member = *found->second;
    PoolParcel& parcel = member.parcels[slot];
    outcomes.reserve(results.count);
    auto left = as_bytes(results.items);
    for (std::size_t i = results.first; i < std::size_t{results.first} + results.count && i < parcel.items.size(); ++i) {
      std::uint32_t bytes = 0;
      auto kind = PoolResultKind::value;
      if (!read(left, bytes) || !read(left, kind) || bytes > left.size()) break;
      const auto encoded = left.subspan(0, bytes);
      left = left.subspan(bytes);
      PoolItem& item = parcel.items[i];
      if (item.job == nullptr) continue;
      --item.job->at_workers;
      if (item.job->timeout != forever) --timed_;
      outcomes.push_back({std::move(item), kind, encoded});
      --parcel.left;
      --member.left;
    }
    finished(outcomes.size());
    if (results.count != 0 && parcel.cost != nullptr) {
      const double each = static_cast<double>(results.nanoseconds) / results.count;
      PoolCost& cost = *parcel.cost;
      cost.nanoseconds = cost.known ? cost.nanoseconds + (each - cost.nanoseconds) / 4 : each;
      cost.known = true;
    }
    if (part == Part::last) parcel.state = PoolParcel::State::answered;
    if (parcel.state == PoolParcel::State::answered && parcel.left == 0) {
      done = std::move(parcel.items);
      release(member, parcel);
    }
    failures_ = 0;
    line_up(member);
    dispatch(outcomes);
    if (tasks_ == 0 || member.life == PoolMember::Life::retiring || spent(member)) want_look();
  }
  deliver(outcomes);
}

void PoolOwner::finished(std::size_t tasks) {
  tasks_ -= tasks;
  done_ += tasks;
  if (tasks_ == 0 && closed_) want_look();
}

void PoolOwner::release(PoolMember& member, PoolParcel& parcel) {
  parcel = {};
  --member.busy;
}

void PoolOwner::fail(PoolItem&& item, Outcomes& outcomes, std::shared_ptr<const ErrorInfo> error) {
  if (item.job == nullptr) return;
  --item.job->at_workers;
  if (item.job->timeout != forever) --timed_;
  outcomes.push_back({std::move(item), PoolResultKind::error, {}, std::move(error)});
  finished(1);
}

void PoolOwner::refused(std::uint64_t number, std::size_t slot, std::shared_ptr<const ErrorInfo> why) {
  Outcomes outcomes;
  {
    const std::lock_guard lock{mutex_};
    const auto found = members_.find(number);
    if (found == members_.end()) return;
    PoolParcel& parcel = found->second->parcels[slot];
    if (parcel.state == PoolParcel::State::free) return;
    for (PoolItem& item : parcel.items) fail(std::move(item), outcomes, why);
    found->second->left -= std::exchange(parcel.left, 0);
    release(*found->second, parcel);
    line_up(*found->second);
    dispatch(outcomes);
  }
  deliver(outcomes);
}

// --- Taking back ------------------------------------------------------------------------------------------------------------

void PoolOwner::put_back(PoolItem&& item) {
  --item.job->at_workers;
  if (item.job->timeout != forever) --timed_;
  queue_.push_front(std::move(item));
}

// What has not begun at this worker goes to others. @returns whether there was any
bool PoolOwner::take_back(PoolMember& member) {
  bool any = false;
  for (std::size_t slot = member.parcels.size(); slot-- > 0;) {
    PoolParcel& parcel = member.parcels[slot];
    if (parcel.state != PoolParcel::State::sent || parcel.left == 0 || member.marks == nullptr) continue;
    const std::size_t begun = member.mark(slot)->take_back();
    while (parcel.items.size() > begun) {
      if (parcel.items.back().job != nullptr) {
        put_back(std::move(parcel.items.back()));
        --parcel.left;
        --member.left;
        --member.given;
        any = true;
      }
      parcel.items.pop_back();
    }
  }
  line_up(member);
  return any;
}

bool PoolOwner::take_from_rich() {
  const TimePoint now = node_.clock().now();
  for (std::size_t tries = std::min(rich_.size(), tries_to_share); tries > 0; --tries) {
    PoolMember& member = *rich_.front();
    rich_.splice(rich_.end(), rich_, rich_.begin());
    TimePoint oldest = now;
    for (const PoolParcel& parcel : member.parcels)
      if (parcel.state == PoolParcel::State::sent) oldest = std::min(oldest, parcel.sent);
    if (now - oldest >= sharing_pays && take_back(member)) return true;
  }
  return false;
}

}  // namespace troupe::detail
