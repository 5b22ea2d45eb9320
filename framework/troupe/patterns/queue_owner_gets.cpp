// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the actor behind a queue does for those who get items, and for those who take them to work on them.
#include <algorithm>
#include <iterator>
#include <utility>

#include <troupe/patterns/queue_owner.hpp>

namespace troupe::detail {

// --- Getting ---

Future<Item> QueueOwner::on(const QueueGet& get) { return wait_for_items<Item>(Wish{}, get.wait); }

Future<QueueWindow> QueueOwner::on(const QueueFetch& fetch) {
  if (fetch.most == 0) return ready_future(QueueWindow{});
  return wait_for_items<QueueWindow>({fetch.least, fetch.most, fetch.client, forever}, fetch.wait);
}

void QueueOwner::on(const QueueTaken& report) {
  account(report.lease, report.taken);
  settle();
}

void QueueOwner::on(QueueReturn back) {
  if (back.lease != lease_.number) return;
  if (lease_.local) items_.insert(items_.begin(), std::make_move_iterator(back.items.begin()), std::make_move_iterator(back.items.end()));
  account(back.lease, back.taken);
  lease_ = {};
  settle();
}

Future<void> QueueOwner::on(const QueueAwait&) {
  std::erase_if(awaiters_, [](const Promise<void>& each) { return !each.wanted(); });
  auto future = awaiters_.emplace_back().future();
  settle();
  return future;
}

template <class Brings>
Future<Brings> QueueOwner::wait_for_items(Wish wish, Duration wait) {
  Promise<Brings> promise;
  auto future = promise.future();
  Getter& getter = getters_.emplace_back(Getter{{}, wish, std::move(promise)});
  const bool ready = getters_.size() == 1 && lease_.number == 0 && items_.size() >= wish.least;
  expire(getter, ready ? Duration::zero() : wait);  // no timer for those who wait for nothing
  settle();
  return future;
}

Item QueueOwner::take() {
  Item item = std::move(items_.front());
  items_.pop_front();
  return item;
}

bool QueueOwner::wanted(const Getter& getter) const {
  if (getter.items.index() == 2 && !slots_.port(getter.wish.client)) return false;
  return std::visit([](const auto& promise) { return promise.wanted(); }, getter.items);
}

/// Who waits for items gets those that are there.
void QueueOwner::serve() {
  while (!getters_.empty() && lease_.number == 0) {
    if (wanted(getters_.front())) {
      if (items_.empty() || items_.size() < getters_.front().wish.least) return;
      give();
    }
    getters_.front().timer.cancel();
    getters_.pop_front();
  }
}

void QueueOwner::give() {
  Getter& getter = getters_.front();
  if (auto* one = std::get_if<0>(&getter.items)) return one->set_value(take());
  if (auto* handed = std::get_if<2>(&getter.items)) return hand_out(std::move(*handed), getter.wish);
  const std::uint64_t client = getter.wish.client;
  QueueWindow window;
  std::uint64_t count = std::min<std::uint64_t>(getter.wish.most, items_.size());
  const auto take_all = [&] {
    while (window.items.size() < count) window.items.push_back(take());
  };
  if (client == 0) {
    take_all();
  } else if (const auto port = slots_.port(client); count < 2 || getters_.size() > 1 || !port || (objects_ && !port.pointer()->local())) {
    window.items.push_back(take());
  } else {
    count = std::min(count, most_leased);
    lease_ = {++last_lease_, client, count, 0, port.pointer()->local(), false};
    window.lease = lease_.number;
    if (lease_.local) {
      take_all();
    } else {
      window.kept = &items_;
      window.count = count;
    }
  }
  std::get<1>(getter.items).set_value(std::move(window));
}

void QueueOwner::recall_lease() {
  if (lease_.number == 0 || std::exchange(lease_.recalled, true)) return;
  (void)slots_.port(lease_.client).ask(QueueRecallItems{lease_.number}, forever);
}

/// The first `taken` items of the lease were taken.
void QueueOwner::account(std::uint64_t lease, std::uint64_t taken) {
  if (lease != lease_.number || taken <= lease_.taken || taken > lease_.count) return;
  if (!lease_.local) items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(taken - lease_.taken));
  lease_.taken = taken;
  if (lease_.taken == lease_.count) lease_ = {};
}

bool QueueOwner::refuse_getters() {
  const bool ends = at_end();
  return 0 != std::erase_if(getters_, [&](Getter& getter) {
           if (!ends && !getter.at_once) return false;
           getter.timer.cancel();
           refuse(getter, ends ? errors_.at_end : errors_.empty);
           return true;
         });
}

void QueueOwner::refuse(Getter& getter, const QueueErrors::Info& why) {
  std::visit([&](auto& promise) { promise.set_error(why); }, getter.items);
}

// --- Taking ---

Future<QueueHanded> QueueOwner::on(const QueueTake& take) {
  return wait_for_items<QueueHanded>({1, 1, client_of(take.port), take.lease}, take.wait);
}

// Its bytes go out and its bytes stay, also within the process: when it comes back nobody has changed it.
void QueueOwner::hand_out(Promise<QueueHanded> promise, const Wish& wish) {
  Item item = take();
  try {
    Item kept = item.bytes();
    kept.missed = item.missed;
    QueueHanded handed{0, kept.missed + 1, kept.bytes()};
    handed.number = out_.add(wish.client, std::move(kept));
    lease_until(*out_.find(handed.number), handed.number, wish.lease);
    promise.set_value(std::move(handed));
  } catch (const Error& malformed) {
    promise.set_error(malformed);
    give_up(*malformed.info());
    finish_one();
  }
}

void QueueOwner::lease_until(QueueOut::Taken& taken, std::uint64_t number, Duration lease) {
  taken.lease.cancel();
  if (lease != forever) taken.lease = send_after(lease, QueueLeaseEnded{number});
}

bool QueueOwner::on(const QueueDone& done) {
  if (!out_.remove(done.number)) return false;
  finish_one();
  settle();
  return true;
}

void QueueOwner::on(const QueueGiveBack& back) {
  if (auto item = out_.remove(back.number)) come_back(std::move(*item), back.seen);
  settle();
}

bool QueueOwner::on(const QueueRenew& renew) {
  QueueOut::Taken* taken = out_.find(renew.number);
  if (taken != nullptr) lease_until(*taken, renew.number, renew.lease);
  return taken != nullptr;
}

void QueueOwner::on(const QueueLeaseEnded& ended) { on(QueueGiveBack{ended.number, true}); }

/// It is the first again, behind those that somebody holds.
void QueueOwner::come_back(Item item, bool seen) {
  if (seen) ++item.missed;
  if (settings_.max_deliveries != 0 && item.missed >= settings_.max_deliveries) {
    give_up(make_error(ErrorType::refused, "the queue '" + settings_.name + "' has handed out an item " + std::to_string(item.missed) +
                                               " times, and nobody was done with it"));
    return finish_one();
  }
  const std::uint64_t held = lease_.local ? 0 : lease_.count - lease_.taken;
  items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(held), std::move(item));
}

}  // namespace troupe::detail
