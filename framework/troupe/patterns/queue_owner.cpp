// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_owner.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

template <class Waitings>
auto find(Waitings& waitings, std::uint64_t number) {
  return std::find_if(waitings.begin(), waitings.end(), [&](const auto& each) { return each.number == number; });
}

}  // namespace

QueueOwner::QueueOwner(QueueSettings settings)
    : settings_{std::move(settings)},
      errors_{settings_.name},
      objects_{settings_.objects == 0 ? nullptr : &find_item_kind(settings_.objects)} {
  if (settings_.capacity == 0) throw Misuse{"a queue needs a capacity of one at least; leave it out for a queue without bound"};
}

std::uint64_t QueueOwner::size() const { return items_.size() + out_.size() + (lease_.local ? lease_.count - lease_.taken : 0); }
std::uint64_t QueueOwner::room() const { return settings_.capacity - std::min(size() + slots_.outstanding(), settings_.capacity); }
bool QueueOwner::at_end() const { return closed_ && items_.empty() && out_.empty() && slots_.outstanding() == 0; }

void QueueOwner::expire(Waiting& waiting, Duration wait) {
  waiting.number = ++last_number_;
  waiting.at_once = wait <= Duration::zero();
  if (!waiting.at_once && wait != forever) waiting.timer = send_after(wait, QueueExpired{waiting.number});
}

// --- Putting ---

Future<void> QueueOwner::on(QueuePut put) {
  if (const auto malformed = unpack(put.item)) return failed_future<void>(malformed);
  if (!closed_ && putters_.empty() && room() > 0) {
    accept(std::move(put.item));
    slots_.replenish(put.client, room());
    return ready_future();
  }
  std::vector<Item> items;
  items.push_back(std::move(put.item));
  return wait_for_room(std::move(items), put.wait);
}

Future<void> QueueOwner::on(QueuePutMany put) {
  for (Item& item : put.items)
    if (const auto malformed = unpack(item)) return failed_future<void>(malformed);
  return wait_for_room(std::move(put.items), put.wait);
}

void QueueOwner::on(QueuePutIntoSlot put) {
  slots_.used(put.client);
  if (const auto malformed = unpack(put.item)) {  // nobody waits for an answer
    give_up(*malformed);
    return settle();
  }
  if (putters_.empty()) {
    accept(std::move(put.item));
    if (!closed_) slots_.replenish(put.client, room());
  } else {
    putters_.emplace_back().items.push_back(std::move(put.item));  // behind those of its process that wait
  }
  if (!putters_.empty() || !closers_.empty()) settle();
}

void QueueOwner::on(const QueueSlotsBack& back) {
  slots_.returned(back.client, back.slots);
  settle();
}

Future<void> QueueOwner::on(const QueueClose&) {
  closed_ = true;
  for (auto& putter : std::exchange(putters_, {})) {
    putter.timer.cancel();
    if (!putter.room) {
      accept(std::move(putter.items.front()));
      continue;
    }
    putter.room->set_error(putter.admitted == 0 ? errors_.closed : closed_within(putter.admitted, putter.items.size()));
  }
  slots_.recall();
  auto future = closers_.emplace_back().future();
  settle();
  return future;
}

QueueErrors::Info QueueOwner::unpack(Item& item) const try {
  if (objects_ != nullptr) item.make_object(*objects_);
  return nullptr;
} catch (const Error& malformed) {
  return malformed.info();
}

Future<void> QueueOwner::wait_for_room(std::vector<Item> items, Duration wait) {
  if (closed_) return failed_future<void>(errors_.closed);
  Putter& putter = putters_.emplace_back();
  putter.items = std::move(items);
  auto future = putter.room.emplace().future();
  expire(putter, wait);
  settle();
  return future;
}

/// An item has its slot.
void QueueOwner::accept(Item item) {
  items_.push_back(std::move(item));
  ++unfinished_;
  if (!getters_.empty()) serve();
  if (!awaiters_.empty()) settle();
}

/// Who waits for room gets what there is.
void QueueOwner::admit() {
  while (!putters_.empty() && room() > 0) {
    Putter& first = putters_.front();
    const bool wanted = !first.room || first.room->wanted();
    if (wanted && first.at_once && room() < first.items.size()) return;  // all or none
    if (wanted && first.admitted < first.items.size()) accept(std::move(first.items[first.admitted++]));
    if (wanted && first.admitted < first.items.size()) {
      first.at_once = false;
      continue;
    }
    first.timer.cancel();
    if (wanted && first.room) first.room->set_value();
    putters_.pop_front();
  }
}

bool QueueOwner::refuse_putters() {
  return 0 != std::erase_if(putters_, [&](Putter& putter) {
           if (putter.at_once) putter.room->set_error(errors_.full);
           return putter.at_once;
         });
}

// --- Everything else ---

/// Answers everybody who can be answered, and recalls what the others wait for.
void QueueOwner::settle() {
  do {
    serve();
    admit();
    if (!putters_.empty()) slots_.recall();
    if (!getters_.empty() || !lookers_.empty() || !awaiters_.empty()) recall_lease();
  } while ((slots_.outstanding() == 0 && refuse_putters()) || (lease_.number == 0 && refuse_getters()));
  if (lease_.number == 0)
    for (auto& looker : std::exchange(lookers_, {}))
      looker.set_value(QueueLooks{size(), settings_.capacity, closed_, !items_.empty() || at_end()});
  if (lease_.number == 0 && (!items_.empty() || at_end()))
    for (auto& awaiter : std::exchange(awaiters_, {})) awaiter.set_value();
  if (slots_.outstanding() == 0)
    for (auto& closer : std::exchange(closers_, {})) closer.set_value();
}

std::uint64_t QueueOwner::on(const QueueJoinClients& join) { return client_of(join.port); }

std::uint64_t QueueOwner::client_of(const Ref<QueuePort>& port) {
  if (const std::uint64_t known = slots_.client(port); known != 0) return known;
  watch(port);
  return slots_.join(port);
}

void QueueOwner::on(const Down& down) {
  const std::uint64_t client = slots_.gone(down);
  if (client != 0 && client == lease_.client) lease_ = {};
  const auto taken = out_.of(client);
  for (auto number = taken.rbegin(); number != taken.rend(); ++number) come_back(*out_.remove(*number), true);
  settle();
}

void QueueOwner::give_up(const ErrorInfo& why) {
  troupe_cell().node().dead_letter(settings_.items, why, "the queue '" + settings_.name + "'");
}

void QueueOwner::finish_one() {
  if (unfinished_ == 0 || --unfinished_ != 0) return;
  for (auto& joiner : std::exchange(joiners_, {})) {
    joiner.timer.cancel();
    joiner.done.set_value();
  }
}

Future<void> QueueOwner::on(const QueueTaskDone&) {
  if (unfinished_ == 0) return failed_future<void>(errors_.done_too_often);
  finish_one();
  return ready_future();
}

Future<void> QueueOwner::on(const QueueJoin& join) {
  if (unfinished_ == 0) return ready_future();
  if (join.wait <= Duration::zero()) return failed_future<void>(errors_.unfinished);
  Joiner& joiner = joiners_.emplace_back();
  expire(joiner, join.wait);
  return joiner.done.future();
}

Future<QueueLooks> QueueOwner::on(const QueueLook&) {
  auto future = lookers_.emplace_back().future();
  settle();
  return future;
}

void QueueOwner::on(const QueueExpired& expired) {
  if (const auto putter = find(putters_, expired.waiting); putter != putters_.end()) {
    putter->room->set_error(errors_.full);
    putters_.erase(putter);
  } else if (const auto getter = find(getters_, expired.waiting); getter != getters_.end()) {
    refuse(*getter, errors_.empty);
    getters_.erase(getter);
  } else if (const auto joiner = find(joiners_, expired.waiting); joiner != joiners_.end()) {
    joiner->done.set_error(errors_.unfinished);
    joiners_.erase(joiner);
  }
  settle();
}

}  // namespace troupe::detail
