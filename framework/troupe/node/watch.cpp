// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/watch.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/cell_extras.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/archive.hpp>

namespace troupe::detail {

// --- At the watched -------------------------------------------------------------------------------------------------------

void Watcher::tell(const Ending& ending) const {
  if (state_) {
    state_->fulfil(ending);
    return;
  }
  Encoded payload{message_headroom};
  encode(payload, ending);
  session_->reply(ask_, payload);
}

bool Watcher::lost_interest() const {
  if (state_) return state_->claimed();
  return session_->ended() || session_->take_cancelled(ask_);
}

/// Takes its place in the mailbox of the watched: told at once, if that is closed.
class LocalCell::WatchJob final : public Job {
 public:
  WatchJob(LocalCell& cell, Watcher watcher) : cell_{&cell}, watcher_{std::move(watcher)} {}
  void run(LocalCell& cell) override {
    cell.add_watcher(std::move(watcher_));
    arrived_ = true;
  }
  void dispose() noexcept override {
    if (!arrived_) watcher_.tell(cell_->how_it_ended());
    delete this;
  }

 private:
  const Counted<LocalCell> cell_;
  Watcher watcher_;
  bool arrived_ = false;
};

void LocalCell::watch(Watcher watcher) { post(std::make_unique<WatchJob>(*this, std::move(watcher))); }

// Those who have lost interest are thrown out when their number may have doubled.
void LocalCell::add_watcher(Watcher watcher) {
  constexpr std::size_t least = 16;
  Extras& mine = extras();
  if (mine.watchers.size() >= mine.watchers_looked_at) {
    std::erase_if(mine.watchers, [](const Watcher& each) { return each.lost_interest(); });
    mine.watchers_looked_at = std::max(least, 2 * mine.watchers.size());
  }
  mine.watchers.push_back(std::move(watcher));
}

void LocalCell::tell_watchers() {
  Extras* mine = extras_if_any();
  if (mine == nullptr || mine->watchers.empty()) return;
  const Ending how = how_it_ended();
  const auto watchers = std::exchange(mine->watchers, {});
  if (on_node_thread && how.reason == Exit::killed) return;  // its process dies with it, and its end says more
  for (const Watcher& each : watchers) each.tell(how);
}

Ending LocalCell::how_it_ended() const {
  switch (reason_.load(std::memory_order_acquire)) {
    case EndReason::normal:
      return {Exit::normal, end_error()};
    case EndReason::failed:
      return {Exit::failed, end_error()};
    case EndReason::killed:
      break;
  }
  return {Exit::killed, end_error()};
}

// --- At the watcher -------------------------------------------------------------------------------------------------------

/// At the state of a watch.
class Watch::Settled final : public Continuation {
 public:
  Settled(std::shared_ptr<Watch> watch, bool last) : watch_{std::move(watch)}, last_{last} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    const auto result = static_cast<TypedState<Ending>&>(state).result();
    if (!result && result.error().code == Errc::cancelled) return;
    const Ending ending = result ? *result : ending_of(result.error());
    last_ ? watch_->post(ending) : watch_->settled(ending);
  }
  void call(FutureState&) override {}

 private:
  const std::shared_ptr<Watch> watch_;
  const bool last_;
};

class Watch::DownJob final : public Job {
 public:
  DownJob(std::shared_ptr<Watch> watch, Ending ending) : watch_{std::move(watch)}, ending_{std::move(ending)} {}
  void run(LocalCell&) override { watch_->run(ending_); }

 private:
  const std::shared_ptr<Watch> watch_;
  const Ending ending_;
};

Watch::Watch(LocalCell& watcher, CellPointer target, Told told)
    : watcher_{&watcher},
      target_{std::move(target)},
      told_{told},
      state_{Counted<TypedState<Ending>>::adopt(TypedState<Ending>::make(watcher.node()))} {}

void Watch::begin() {
  state_->attach(std::make_unique<Settled>(shared_from_this(), false));
  if (target_->local()) {
    static_cast<LocalCell&>(*target_).watch(Watcher{state_});
    return;
  }
  const bool is_seat = target_->kind() == Cell::Kind::seat;
  if (is_seat && static_cast<SeatCell&>(*target_).at_home()) {
    static_cast<SeatCell&>(*target_).watch(Watcher{state_});
    return;
  }
  const auto session = is_seat ? static_cast<SeatCell&>(*target_).home() : static_cast<RemoteCell&>(*target_).session();
  const std::uint64_t ask = target_->node().pending().add(*state_, *session);
  Encoded nothing{message_headroom};
  const auto ended = session->send({EnvelopeKind::watch, target_->id(), nullptr, watcher_->id(), ask, TimePoint::max()}, nothing, forever);
  if (ended != nullptr) state_->fail(ended);
}

void Watch::end() noexcept {
  ended_ = true;
  try {
    (void)state_->cancel();
  } catch (...) {  // no room for the word that we have lost interest: then the answer finds nobody
  }
}

// The way to a process may end before anybody here knows how that ended: its parent does.
void Watch::settled(const Ending& ending) {
  if (ending.reason != Exit::gone || target_->local()) {
    post(ending);
    return;
  }
  auto how = Counted<TypedState<Ending>>::adopt(TypedState<Ending>::make(watcher_->node()));
  how->attach(std::make_unique<Settled>(shared_from_this(), true));
  watcher_->node().how_ended(target_->address().node, Watcher{std::move(how)});
}

void Watch::post(const Ending& ending) { watcher_->post(std::make_unique<DownJob>(shared_from_this(), ending)); }

void Watch::run(const Ending& ending) {
  if (ended_) return;
  const auto keep = shared_from_this();
  watcher_->forget_watch(*this, target_->address());
  ended_ = true;
  if (!watcher_->ending()) told_(*watcher_, *target_, ending);
}

void LocalCell::start_watch(CellPointer target, void (*told)(LocalCell&, const Cell&, const Ending&)) {
  const Address address = target->address();
  const auto watch = std::make_shared<Watch>(*this, std::move(target), told);
  extras().watches.emplace(address, watch);
  watch->begin();
}

void LocalCell::end_watches(const Address& target) {
  Extras* mine = extras_if_any();
  if (mine == nullptr) return;
  const auto [first, last] = mine->watches.equal_range(target);
  for (auto each = first; each != last; ++each) each->second->end();
  mine->watches.erase(first, last);
}

void LocalCell::forget_watch(const Watch& watch, const Address& target) {
  auto& watches = extras().watches;
  const auto [first, last] = watches.equal_range(target);
  const auto found = std::find_if(first, last, [&](const auto& each) { return each.second.get() == &watch; });
  if (found != last) watches.erase(found);
}

// --- For other processes ---------------------------------------------------------------------------------------------

void NodeCore::watch(std::uint64_t actor, Watcher watcher) {
  if ((actor & seat_bit) != 0) {
    if (const auto seat = seats_.find(actor)) {
      seat->watch(std::move(watcher));
    } else {
      watcher.tell(long_gone("#s" + std::to_string(actor & ~seat_bit)));
    }
    return;
  }
  std::optional<Ending> known;
  Counted<LocalCell> cell;
  {
    const std::lock_guard lock{actors_mutex_};
    if (const auto found = exposed_.find(actor); found != exposed_.end()) {
      cell = found->second;
    } else {
      known = ended_.find(actor);
    }
  }
  if (cell) {
    cell->watch(std::move(watcher));
  } else {
    watcher.tell(known ? *known : long_gone('#' + std::to_string(actor)));
  }
}

// --- How a process ended --------------------------------------------------------------------------------------------------

namespace {

/// At an ask to the parent: hands on what it says.
class Answered final : public Continuation {
 public:
  explicit Answered(Watcher watcher) : watcher_{std::move(watcher)} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    const auto result = static_cast<TypedState<Ending>&>(state).result();
    watcher_.tell(result ? *result : long_gone("it"));
  }
  void call(FutureState&) override {}

 private:
  const Watcher watcher_;
};

}  // namespace

void NodeCore::how_ended(NodeId process, const Watcher& watcher) {
  if (children_->how_ended(process, watcher)) return;
  const auto above = parent_session != nullptr ? parent_session : router_.host_of(process);
  if (above == nullptr) {
    watcher.tell(long_gone("its process"));
    return;
  }
  const auto state = Counted<TypedState<Ending>>::adopt(TypedState<Ending>::make(*this));
  state->attach(std::make_unique<Answered>(watcher));
  const std::uint64_t ask = pending_.add(*state, *above);
  Encoded body{message_headroom};
  encode(body, process);
  try {  // by the thread that reads: it must not wait
    const auto ended = above->send({EnvelopeKind::watch, 0, nullptr, 0, ask, TimePoint::max()}, body, Duration::zero());
    if (ended != nullptr) state->fail(ended);
  } catch (const Error& error) {
    state->fail(error.info());
  }
}

}  // namespace troupe::detail
