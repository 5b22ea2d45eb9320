// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a pool's tasks come to its workers, and their results back.
#include <troupe/patterns/pool_owner.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/patterns/pool_keeper.hpp>

namespace troupe::detail {

namespace {

constexpr double parcel_nanoseconds = 500'000;  // of work in one message: long beside the way, short beside patience
constexpr std::size_t most_items = 1024;        // in one message
constexpr std::size_t parcel_bytes = 64 << 10;  // the same, unless one alone is larger
constexpr std::size_t message_bytes = 4 << 10;  // beside the arguments of a single task

void append(Bytes& to, const PoolItem& item) {
  const auto bytes = static_cast<std::uint32_t>(item.arguments.size());
  const TimePoint until = item.job->deadline;
  const std::int64_t deadline = until == TimePoint::max() ? 0 : until.time_since_epoch().count();
  const std::size_t at = to.size();
  to.resize(at + sizeof bytes + sizeof deadline + bytes);
  std::memcpy(to.data() + at, &bytes, sizeof bytes);
  std::memcpy(to.data() + at + sizeof bytes, &deadline, sizeof deadline);
  if (bytes != 0) std::memcpy(to.data() + at + sizeof bytes + sizeof deadline, item.arguments.data(), bytes);
}

/// While the calling thread sends: an ask that fails right then was not sent, and its sender sees to that.
thread_local bool sending = false;

class SendingScope {
 public:
  SendingScope() noexcept { sending = true; }
  ~SendingScope() { sending = false; }
  SendingScope(const SendingScope&) = delete;
  SendingScope& operator=(const SendingScope&) = delete;
};

}  // namespace

/// Takes a worker's answer, on the thread that reads it.
class PoolOwner::Arrival final : public Continuation {
 public:
  Arrival(std::shared_ptr<PoolOwner> owner, std::uint64_t number, std::size_t slot) noexcept
      : owner_{std::move(owner)}, number_{number}, slot_{slot} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    if (state.error() == nullptr) {
      owner_->arrived(number_, slot_, static_cast<TypedState<PoolResults>&>(state).take(), Part::last);
      return;
    }
    if (sending) return;
    // Of its end the keeper hears behind everything that the worker said.
    const Errc code = state.error()->code;
    if (code == Errc::malformed || code == Errc::handler_failed || code == Errc::refused)
      owner_->keeper_.tell(PoolRefused{number_, slot_, *state.error()}, forever);
  }
  void call(FutureState&) override {}

 private:
  const std::shared_ptr<PoolOwner> owner_;
  const std::uint64_t number_;
  const std::size_t slot_;
};

// --- Submitting -------------------------------------------------------------------------------------------------------------

void PoolOwner::check_open() const {
  if (broken_ != nullptr) raise(broken_);
  if (closed_) raise(ErrorType::closed, "the pool '" + options_.name + "' is closed: nothing was submitted");
}

void PoolOwner::submit(const std::shared_ptr<PoolJob>& job, std::size_t first, std::vector<Bytes>&& tasks, TimePoint until) {
  Outcomes outcomes;
  {
    std::unique_lock lock{mutex_};
    check_open();
    const std::size_t most = node_.options().max_message_bytes - message_bytes;
    for (const Bytes& arguments : tasks)
      if (arguments.size() > most)
        raise(ErrorType::malformed, "a task's arguments of " + std::to_string(arguments.size()) +
                                        " bytes are larger than max_message_bytes: nothing was submitted");
    job->cost = &costs_[&job->code];
    for (Bytes& arguments : tasks) {
      if (queue_.size() >= options_.max_pending) {
        dispatch(outcomes);
        lock.unlock();
        deliver(outcomes);
        lock.lock();
        wait_for_room(lock, until);
      }
      if (tasks_ == 0) {
        done_ = total_ = 0;
        busy_since_ = node_.clock().now();
      }
      ++tasks_;
      ++total_;
      queue_.push_back({job, first++, std::move(arguments), 0});
    }
    dispatch(outcomes);
  }
  deliver(outcomes);
}

void PoolOwner::wait_for_room(std::unique_lock<std::mutex>& lock, TimePoint until) {
  while (queue_.size() >= options_.max_pending) {
    auto room = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
    room_waiters_.push_back(room);
    lock.unlock();
    const bool settled = node_.wait(*room, until);
    lock.lock();
    if (!settled) {
      std::erase(room_waiters_, room);
      raise(ErrorType::full, "the pool '" + options_.name + "' has no room for another task within the patience");
    }
    check_open();
  }
}

// --- Handing on -------------------------------------------------------------------------------------------------------------

// A worker that shares no memory does not show what it has begun, and its last answers may die with it: then all that it has counts as
// begun, and none of it can be taken back. So it has several tasks only if they are short, and each may be begun once more.
bool PoolOwner::may_wait(const PoolItem& item) {
  const PoolJob& job = *item.job;
  return item.attempts == 0 && job.retries > 0 && job.timeout == forever && job.cost->known && job.cost->nanoseconds < parcel_nanoseconds;
}

// For the first task in the queue.
PoolMember* PoolOwner::roomiest() {
  for (std::size_t busy = 0; busy + 1 < lines_.size(); ++busy)
    for (PoolMember* member : lines_[busy])
      if (busy == 0 || member->marks != nullptr || may_wait(queue_.front())) return member;
  return nullptr;
}

void PoolOwner::line_up(PoolMember& member) {
  const auto waits = [](const PoolItem& each) { return each.job == nullptr || may_wait(each); };
  const auto is_short = [&](const PoolParcel& each) { return std::all_of(each.items.begin(), each.items.end(), waits); };
  const bool takes = member.life == PoolMember::Life::ready && !spent(member) && member.busy < member.parcels.size() &&
                     (member.marks != nullptr || std::all_of(member.parcels.begin(), member.parcels.end(), is_short));
  const auto unsent = [](const PoolParcel& each) { return each.state == PoolParcel::State::unsent; };
  const bool stuck = takes && std::any_of(member.parcels.begin(), member.parcels.end(), unsent);
  auto& line = lines_[takes && !stuck ? member.busy : lines_.size() - 1];
  if (member.line != &line) {
    line.splice(line.end(), *member.line, member.place);
    member.line = &line;
  }
  const bool rich = member.marks != nullptr && member.left > 1;
  if (rich != member.rich) {
    (rich ? rich_ : poor_).splice((rich ? rich_ : poor_).end(), rich ? poor_ : rich_, member.rich_place);
    member.rich = rich;
  }
}

void PoolOwner::dispatch(Outcomes& outcomes) {
  for (bool shared = false;; shared = true) {
    while (drop_unwanted(outcomes)) {
      PoolMember* const member = roomiest();
      if (member == nullptr || !give(*member, outcomes)) break;
    }
    if (!queue_.empty() || lines_[0].empty() || rich_.empty() || shared) break;
    if (!take_from_rich()) {
      want_look();
      break;
    }
  }
  if (!room_waiters_.empty() && queue_.size() <= options_.max_pending / 2)
    for (auto& waiter : std::exchange(room_waiters_, {})) waiter->fulfil(std::monostate{});
}

// Of the first tasks in the queue those that nobody waits for any more. @returns whether one is left
bool PoolOwner::drop_unwanted(Outcomes& outcomes) {
  while (!queue_.empty()) {
    PoolItem& first = queue_.front();
    const bool late = first.job->deadline != TimePoint::max() && first.job->deadline <= node_.clock().now();
    if (!late && first.job->wanted()) return true;
    outcomes.push_back({std::move(first), PoolResultKind::skipped, {}});
    queue_.pop_front();
    finished(1);
  }
  return false;
}

std::size_t PoolOwner::parcel_size(const PoolMember& member, const PoolJob& job) const {
  if (member.marks == nullptr) return 1;  // more could not be taken back, or told from each other
  std::size_t size = 1;
  if (job.cost->known) {
    const auto share = queue_.size() / (2 * std::max<std::size_t>(ready_, 1));
    const auto fast = static_cast<std::size_t>(parcel_nanoseconds / std::max(job.cost->nanoseconds, 1.0));
    size = std::clamp<std::size_t>(std::min(share, fast), 1, most_items);
  }
  size = std::max<std::size_t>(size, job.chunk);
  if (options_.max_tasks_per_worker)
    size = std::min<std::size_t>(size, static_cast<std::size_t>(*options_.max_tasks_per_worker) - member.given);
  return size;
}

bool PoolOwner::give(PoolMember& member, Outcomes& outcomes) {
  const auto slot = static_cast<std::size_t>(
      std::find_if(member.parcels.begin(), member.parcels.end(), [](const auto& each) { return each.state == PoolParcel::State::free; }) -
      member.parcels.begin());
  PoolParcel& parcel = member.parcels[slot];
  const PoolJob& job = *queue_.front().job;
  const std::size_t size = parcel_size(member, job);
  std::size_t bytes = 0;
  while (parcel.items.size() < size && (parcel.items.empty() || bytes < parcel_bytes) && drop_unwanted(outcomes)) {
    PoolItem& next = queue_.front();
    if (next.job.get() != &job && (&next.job->code != &job.code || !next.job->blobs.empty() || !job.blobs.empty())) break;
    bytes += next.arguments.size();
    ++next.job->at_workers;
    if (next.job->timeout != forever && ++timed_ == 1) want_look();
    parcel.items.push_back(std::move(next));
    queue_.pop_front();
  }
  if (parcel.items.empty()) return false;
  parcel.left = parcel.items.size();
  parcel.cost = job.cost;
  member.left += parcel.left;
  member.given += parcel.left;
  ++member.busy;
  send(member, slot, outcomes);
  line_up(member);
  return true;
}

PoolBatch PoolOwner::describe(PoolMember& member, std::size_t slot) {
  const PoolParcel& parcel = member.parcels[slot];
  const PoolJob& job = *parcel.items.front().job;
  PoolBatch batch;
  batch.key = job.code.key;
  batch.name = job.code.name;
  batch.bound = job.bound;
  batch.slot = static_cast<std::uint32_t>(slot);
  batch.count = static_cast<std::uint32_t>(parcel.items.size());
  std::erase_if(member.blobs, [&](const auto& known) {
    if (!known.second.expired()) return false;
    batch.forgotten.push_back(known.first);
    return true;
  });
  for (const auto& blob : job.blobs) {
    const auto has = [&](const auto& known) { return known.first == blob->id; };
    if (std::any_of(member.blobs.begin(), member.blobs.end(), has)) continue;
    batch.blobs.push_back(on_wire(blob, member.elsewhere));
  }
  std::size_t bytes = 0;
  for (const PoolItem& item : parcel.items) bytes += item.arguments.size() + sizeof(std::uint32_t) + sizeof(std::int64_t);
  batch.items.reserve(bytes);
  for (const PoolItem& item : parcel.items) append(batch.items, item);
  return batch;
}

PoolBlobOnWire PoolOwner::on_wire(const std::shared_ptr<const PoolBlob>& blob, bool elsewhere) {
  if (!elsewhere) return {blob->id, blob->segment, {}, blob->bytes};
  if (!source_ || !blob->large()) return {blob->id, {}, {}, blob->content()};
  std::erase_if(offered_, [](const auto& each) { return each.second.expired(); });
  offered_[blob->id] = blob;
  return {blob->id, {}, source_, {}};
}

void PoolOwner::offers(Ref<BytesSource> source) {
  const std::lock_guard lock{mutex_};
  source_ = std::move(source);
}

Bytes PoolOwner::offered(std::uint64_t id) const {
  std::shared_ptr<const PoolBlob> blob;
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = offered_.find(id); found != offered_.end()) blob = found->second.lock();
  }
  if (blob == nullptr) raise(ErrorType::closed, "what a task uses is no longer shared by its pool");
  return blob->content();
}

void PoolOwner::send(PoolMember& member, std::size_t slot, Outcomes& outcomes) {
  PoolParcel& parcel = member.parcels[slot];
  parcel.state = PoolParcel::State::sent;
  parcel.sent = node_.clock().now();
  if (PoolMark* mark = member.mark(slot)) mark->open(static_cast<std::uint32_t>(parcel.items.size()));
  const auto state = Counted<TypedState<PoolResults>>::adopt(TypedState<PoolResults>::make(node_));
  state->attach(std::make_unique<Arrival>(shared_from_this(), member.number, slot));
  try {
    const PoolBatch batch = describe(member, slot);
    if (member.ref.pointer()->local()) {  // in a testing::World
      const ContextScope not_in_a_turn{&node_, nullptr};
      member.ref.ask(batch, forever).shared_state().attach(std::make_unique<Arrival>(shared_from_this(), member.number, slot));
      return;
    }
    Encoded payload{message_headroom};
    encode(payload, batch);
    const SendingScope in_this_thread;
    const ContextScope not_in_a_turn{&node_, nullptr};  // a turn's outbox would put the order of messages into its hands
    ask_remote(*member.ref.pointer(), type_name<PoolBatch>(), payload, *state, Duration::zero());
    for (const auto& blob : parcel.items.front().job->blobs)
      if (std::any_of(batch.blobs.begin(), batch.blobs.end(), [&](const auto& sent) { return sent.id == blob->id; }))
        member.blobs.emplace_back(blob->id, blob);
  } catch (const Full&) {
    parcel.state = PoolParcel::State::unsent;
    want_look();
  } catch (...) {
    const auto why = troupe::detail::describe(std::current_exception());
    state->fail(make_error(ErrorType::cancelled, "it was not sent"));
    for (PoolItem& item : parcel.items) fail(std::move(item), outcomes, why);
    member.left -= std::exchange(parcel.left, 0);
    release(member, parcel);
  }
}

}  // namespace troupe::detail
