// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/pending.hpp>

#include <utility>

#include <troupe/node/session.hpp>

namespace troupe::detail {

// An id is the slot's number plus one, and above it how often the slot was used: a late answer finds nobody.
std::uint64_t PendingAsks::add(FutureState& state, Session& session) {
  const std::lock_guard lock{mutex_};
  if (free_.empty()) {
    slots_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.state = Counted<FutureState>{&state};
  slot.session = &session;
  ++slot.generation;
  const std::uint64_t id = (std::uint64_t{slot.generation} << 32U) | (index + 1U);
  state.set_ask_id(id);
  if (state.claimed()) {  // its deadline has passed meanwhile, and what settled it saw no number to take out
    slot.state = {};
    slot.session = nullptr;
    free_.push_back(index);
  }
  return id;
}

Counted<FutureState> PendingAsks::take(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t index = (id & UINT32_MAX) - 1;
  if (index >= slots_.size() || slots_[index].generation != id >> 32U) return {};
  Slot& slot = slots_[index];
  if (!slot.state) return {};
  slot.session = nullptr;
  free_.push_back(static_cast<std::uint32_t>(index));
  return std::exchange(slot.state, {});
}

std::shared_ptr<Session> PendingAsks::session_of(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t index = (id & UINT32_MAX) - 1;
  if (index >= slots_.size() || slots_[index].generation != id >> 32U || slots_[index].session == nullptr) return nullptr;
  return slots_[index].session->shared_from_this();
}

void PendingAsks::fail_all(const Session& session, const std::shared_ptr<const ErrorInfo>& reason) {
  std::vector<Counted<FutureState>> ended;
  {
    const std::lock_guard lock{mutex_};
    for (const Slot& slot : slots_)
      if (slot.session == &session) ended.push_back(slot.state);
  }
  for (auto& state : ended) state->fail(reason);  // removes itself
}

void PendingAsks::fail_all(const std::shared_ptr<const ErrorInfo>& reason) {
  std::vector<Counted<FutureState>> ended;
  {
    const std::lock_guard lock{mutex_};
    for (const Slot& slot : slots_)
      if (slot.state) ended.push_back(slot.state);
  }
  for (auto& state : ended) state->fail(reason);
}

}  // namespace troupe::detail
