// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a pool begins, loses and replaces workers, and ends.
#include <troupe/patterns/pool_owner.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/pool_keeper.hpp>

namespace troupe::detail {

namespace {

constexpr auto resend_after = std::chrono::milliseconds{1};
constexpr auto retire_time = std::chrono::seconds{5};  // from the order to stop to SIGKILL
constexpr auto shortest_look = std::chrono::milliseconds{1};

std::shared_ptr<const ErrorInfo> share(ErrorInfo info) { return std::make_shared<const ErrorInfo>(std::move(info)); }

}  // namespace

PoolOwner::PoolOwner(NodeCore& node, const PoolOptions& options, std::optional<std::size_t> workers)
    : node_{node},
      options_{options},
      begun_{Counted<TypedState<void>>::adopt(TypedState<void>::make(node))},
      ended_{Counted<TypedState<void>>::adopt(TypedState<void>::make(node))},
      size_{workers},
      lines_(std::min(options.prefetch + 2, most_pool_slots + 1)) {}

void PoolOwner::begin() {
  {
    const ContextScope outside_of_actors{&node_, nullptr};
    auto keeper = node_.node().spawn<PoolKeeper>(weak_from_this());
    const std::lock_guard lock{mutex_};
    keeper_ = std::move(keeper);
    want_look();
  }
  wait_for_others(*begun_, "for the workers of the pool", options_.name);
  if (begun_->error() == nullptr) return;
  (void)wait_for(*ended_, TimePoint::max());
  raise(begun_->error());
}

// --- Its workers ------------------------------------------------------------------------------------------------------------

// The keeper may have something to say before it is known here: `begin` looks then.
void PoolOwner::want_look() {
  if (over_ || !keeper_ || std::exchange(look_wanted_, true)) return;
  try {
    keeper_.tell(PoolLook{}, forever);
  } catch (const Error&) {
    // It ends with the node, and then so do we.
  }
}

PoolTodo PoolOwner::look() {
  PoolTodo todo;
  Outcomes outcomes;
  {
    const std::lock_guard lock{mutex_};
    look_wanted_ = false;
    const TimePoint now = node_.clock().now();
    watch_tasks(todo, now, outcomes);
    dispatch(outcomes);
    if (!lines_[0].empty() && !rich_.empty()) todo.again = std::min(todo.again, now + shortest_look);
    adjust(todo, now);
    todo.over = over_ = closed_ && tasks_ == 0 && members_.empty();
  }
  deliver(outcomes);
  if (todo.over) ended_->fulfil(std::monostate{});
  return todo;
}

// Tasks that are still to be sent, and those that run for too long.
void PoolOwner::watch_tasks(PoolTodo& todo, TimePoint now, Outcomes& outcomes) {
  for (auto& [number, member] : members_) {
    for (std::size_t slot = 0; slot < member->parcels.size(); ++slot) {
      if (member->parcels[slot].state != PoolParcel::State::unsent) continue;
      send(*member, slot, outcomes);
      if (member->parcels[slot].state == PoolParcel::State::unsent) todo.again = std::min(todo.again, now + resend_after);
      line_up(*member);
    }
    if (timed_ != 0) watch_timeouts(*member, todo, now);
    if (member->life != PoolMember::Life::retiring) continue;
    if (member->until <= now) member->ref.kill();
    if (member->until != TimePoint::max()) todo.again = std::min(todo.again, std::max(member->until, now + retire_time / 5));
  }
}

void PoolOwner::watch_timeouts(PoolMember& member, PoolTodo& todo, TimePoint now) const {
  for (std::size_t slot = 0; slot < member.parcels.size(); ++slot) {
    const PoolParcel& parcel = member.parcels[slot];
    if (parcel.state != PoolParcel::State::sent || parcel.left == 0) continue;
    TimePoint began = parcel.sent;
    std::size_t running = 0;
    if (const PoolMark* mark = member.mark(slot)) {
      running = mark->finished.load();
      if (PoolMark::begun_of(mark->claim.load()) <= running) continue;
      began = TimePoint{std::chrono::nanoseconds{mark->began.load()}};
    }
    if (running >= parcel.items.size() || parcel.items[running].job == nullptr) continue;
    const Duration timeout = parcel.items[running].job->timeout;
    if (timeout == forever) continue;
    if (now - began >= timeout) {
      member.timed_out = true;
      member.ref.kill();
    } else {
      todo.again = std::min(todo.again, began + timeout);
    }
  }
  todo.again = std::min(todo.again, now + std::chrono::milliseconds{20});  // others will begin meanwhile
}

// As many workers as there are to be.
void PoolOwner::adjust(PoolTodo& todo, TimePoint now) {
  if (spreads() && !hosts_.known()) return;
  const std::size_t wanted = closed_ && (tasks_ == 0 || broken_ != nullptr) ? 0 : wanted_workers();
  std::size_t living = 0;
  std::vector<PoolMember*> candidates;  // the idle ones last
  for (auto& [number, member] : members_) {
    if (member->life == PoolMember::Life::ready && member->left == 0 && spent(*member)) retire(*member);
    if (member->life == PoolMember::Life::retiring) continue;
    ++living;
    if (member->life == PoolMember::Life::ready) candidates.push_back(member.get());
  }
  std::stable_partition(candidates.begin(), candidates.end(), [](const PoolMember* each) { return each->left != 0; });
  for (; living > wanted && !candidates.empty(); --living) {
    auto leaves = candidates.end() - 1;
    if (spreads()) {  // the others stay spread
      const std::string& host = hosts_.fullest(workers_by_host());
      const auto there = std::find_if(candidates.rbegin(), candidates.rend(), [&](const PoolMember* each) { return each->host == host; });
      if (there != candidates.rend()) leaves = there.base() - 1;
    }
    retire(**leaves);
    candidates.erase(leaves);
  }
  if (spreads() && living == wanted && wanted != 0) spread(candidates, living);
  for (auto& [number, member] : members_) {
    if (member->life != PoolMember::Life::retiring || member->left != 0 || member->until != TimePoint::max() || !member->ref) continue;
    member->until = now + retire_time;
    member->ref.stop();
  }
  if (living >= wanted) return;
  if (now < next_start_) {
    todo.again = std::min(todo.again, next_start_);
    return;
  }
  for (; living < wanted; ++living) todo.starts.push_back(new_member());
}

PoolStart PoolOwner::new_member() {
  auto made = std::make_unique<PoolMember>(++last_number_);
  PoolMember& member = *made;
  const std::size_t slots = lines_.size() - 1;
  member.parcels.resize(slots);
  member.line = &lines_.back();
  member.place = member.line->insert(member.line->end(), &member);
  member.rich_place = poor_.insert(poor_.end(), &member);
  members_.emplace(member.number, std::move(made));
  PoolStart start{{options_.name, member.number, {}, options_.initializer.initial()}, options_.place};
  if (spreads()) {
    member.host = hosts_.next(workers_by_host());
    start.place = on_host(member.host);
  }
  if (start.place == every_host || start.place == on_host(node_.host_name())) start.place = own_process;
  member.elsewhere = start.place != own_process;
  if (member.elsewhere || !node_.options().shared_memory) return start;
  try {
    member.marks = std::make_unique<Segment>(node_.segments().create(slots * sizeof(PoolMark)));
    start.setup.segment = member.marks->name();
  } catch (const Full&) {
    // then without
  }
  return start;
}

void PoolOwner::retire(PoolMember& member) {
  if (member.life == PoolMember::Life::ready) --ready_;
  member.life = PoolMember::Life::retiring;
  member.until = TimePoint::max();
  (void)take_back(member);
}

bool PoolOwner::spent(const PoolMember& member) const noexcept {
  return options_.max_tasks_per_worker && member.given >= static_cast<std::size_t>(*options_.max_tasks_per_worker);
}

void PoolOwner::remove(std::uint64_t number) {
  PoolMember& member = *members_.at(number);
  if (member.life == PoolMember::Life::ready) --ready_;
  member.line->erase(member.place);
  (member.rich ? rich_ : poor_).erase(member.rich_place);
  if (member.marks != nullptr) node_.segments().remove(member.marks->name());
  members_.erase(number);
}

void PoolOwner::started(std::uint64_t number, Ref<PoolWorker> ref) {
  const std::lock_guard lock{mutex_};
  PoolMember& member = *members_.at(number);
  member.ref = std::move(ref);
  if (member.life == PoolMember::Life::retiring) member.ref.kill();
}

void PoolOwner::ready(std::uint64_t number, int pid) {
  Outcomes outcomes;
  {
    const std::lock_guard lock{mutex_};
    const auto found = members_.find(number);
    if (found == members_.end() || found->second->life != PoolMember::Life::starting) return;
    found->second->pid = pid;
    found->second->life = PoolMember::Life::ready;
    ++ready_;
    line_up(*found->second);
    dispatch(outcomes);
    if (ready_ > wanted_workers() || closed_) want_look();
    begin_if_ready();
  }
  deliver(outcomes);
}

// --- Several hosts ----------------------------------------------------------------------------------------------------------

bool PoolOwner::spreads() const noexcept { return options_.place == every_host && node_.router().job() != 0; }

// At least one on each host.
std::size_t PoolOwner::wanted_workers() const { return size_ ? std::max(*size_, hosts_.count()) : hosts_.slots(); }

PoolHosts::Workers PoolOwner::workers_by_host() const {
  PoolHosts::Workers workers;
  for (const auto& [number, member] : members_)
    if (member->life != PoolMember::Life::retiring && !member->host.empty()) ++workers[member->host];
  return workers;
}

void PoolOwner::begin_if_ready() {
  if (all_began_ || ready_ < wanted_workers()) return;
  all_began_ = true;
  begun_->fulfil(std::monostate{});
}

// A worker makes way for one on a host that has none.
void PoolOwner::spread(const std::vector<PoolMember*>& candidates, std::size_t& living) {
  const auto from = hosts_.too_full(workers_by_host());
  if (!from) return;
  const auto leaves = std::find_if(candidates.rbegin(), candidates.rend(), [&](const PoolMember* each) { return each->host == *from; });
  if (leaves == candidates.rend()) return;
  retire(**leaves);
  --living;
}

void PoolOwner::hosts(std::vector<Host> hosts) {
  const std::lock_guard lock{mutex_};
  hosts_.set(std::move(hosts));
  want_look();
}

void PoolOwner::host_up(const Host& host) {
  const std::lock_guard lock{mutex_};
  hosts_.add(host);
  want_look();
}

void PoolOwner::host_down(const std::string& name) {
  const std::lock_guard lock{mutex_};
  hosts_.remove(name);
  if (ready_ != 0) begin_if_ready();
  want_look();
}

// --- From outside -----------------------------------------------------------------------------------------------------------

void PoolOwner::cancel(const PoolJob& job) {
  const std::lock_guard lock{mutex_};
  if (job.at_workers == 0) return;  // what waits is passed over
  for (auto& [number, member] : members_) {
    for (std::size_t slot = 0; slot < member->parcels.size(); ++slot) {
      const PoolParcel& parcel = member->parcels[slot];
      const auto is_of = [&](const PoolItem& item) { return item.job.get() == &job; };
      if (parcel.state != PoolParcel::State::sent || std::none_of(parcel.items.begin(), parcel.items.end(), is_of)) continue;
      (void)take_back(*member);
      const std::size_t running = member->marks == nullptr ? 0 : member->mark(slot)->finished.load();
      if (running < parcel.items.size() && is_of(parcel.items[running])) member->ref.kill();
    }
  }
  want_look();  // what was taken back
}

std::size_t PoolOwner::cancel_pending() {
  Outcomes outcomes;
  const auto cancelled = share(make_error(ErrorType::cancelled, "the task was cancelled before it began"));
  {
    const std::lock_guard lock{mutex_};
    for (auto& [number, member] : members_) (void)take_back(*member);
    while (!queue_.empty()) {
      outcomes.push_back({std::move(queue_.front()), PoolResultKind::error, {}, cancelled});
      queue_.pop_front();
      finished(1);
    }
    for (auto& waiter : std::exchange(room_waiters_, {})) waiter->fulfil(std::monostate{});
  }
  const std::size_t count = outcomes.size();
  deliver(outcomes);
  return count;
}

void PoolOwner::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  want_look();
}

void PoolOwner::terminate() {
  Outcomes outcomes;
  {
    const std::lock_guard lock{mutex_};
    end_all(outcomes, share(make_error(ErrorType::closed, "the pool '" + options_.name + "' was terminated")));
    if (!all_began_) begun_->fail(make_error(ErrorType::closed, "the pool '" + options_.name + "' was terminated"));
    all_began_ = true;
  }
  deliver(outcomes);
}

void PoolOwner::give_up() {
  terminate();
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
  }
  ended_->fulfil(std::monostate{});
}

void PoolOwner::resize(std::size_t workers) {
  const std::lock_guard lock{mutex_};
  check_open();
  size_ = workers;
  want_look();
}

bool PoolOwner::closed() const {
  const std::lock_guard lock{mutex_};
  return closed_;
}

std::size_t PoolOwner::size() const {
  const std::lock_guard lock{mutex_};
  return wanted_workers();
}

std::vector<int> PoolOwner::pids() const {
  const std::lock_guard lock{mutex_};
  std::vector<int> all;
  for (const auto& [number, member] : members_)
    if (member->life == PoolMember::Life::ready) all.push_back(member->pid);
  return all;
}

Progress PoolOwner::progress() const {
  const std::lock_guard lock{mutex_};
  return {done_, total_, total_ == 0 ? Duration::zero() : node_.clock().now() - busy_since_};
}

}  // namespace troupe::detail
