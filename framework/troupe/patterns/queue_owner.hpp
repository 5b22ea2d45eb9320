// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a queue: its items, and who waits for one or for room, each in the order in which they came.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/queue_messages.hpp>
#include <troupe/patterns/queue_port.hpp>

namespace troupe::detail {

/// Whoever wants something stands in a line, and `settle` answers those whose turn it is; who has gone meanwhile is left out.
///
/// Two shortcuts spare the asks. A client that puts much is granted slots, which it fills by tells; they are recalled before
/// anybody is told that there is no room, and before the queue is closed. A getter that is alone is given a lease of several
/// items; it is recalled when somebody else wants one, and what was not taken is first again.
template <class T>
class QueueOwner final : public Actor<QueueOwner<T>, QueuePut<T>, QueuePutIntoSlot<T>, QueuePutMany<T>, QueueGet, QueueGetMany, QueueFetch,
                                      QueueTaken, QueueReturn<T>, QueueSlotsBack, QueueJoinClients, QueueClose, QueueTaskDone, QueueJoin,
                                      QueueLook, QueueAwait, QueueExpired, Down> {
 public:
  QueueOwner(std::uint64_t capacity, const std::string& name) : capacity_{checked_capacity(capacity)}, errors_{name} {}

  // --- Putting ---

  Future<void> on(QueuePut<T> put) {
    if (!closed_ && putters_.empty() && room() > 0) {
      accept(std::move(put.item));
      slots_.replenish(put.client, room());
      return ready_future();
    }
    std::vector<T> items;
    items.push_back(std::move(put.item));
    return wait_for_room(std::move(items), put.wait);
  }
  Future<void> on(QueuePutMany<T> put) { return wait_for_room(std::move(put.items), put.wait); }
  void on(QueuePutIntoSlot<T> put) {
    slots_.used(put.client);
    if (putters_.empty()) {
      accept(std::move(put.item));
      if (!closed_) slots_.replenish(put.client, room());
    } else {
      putters_.emplace_back().items.push_back(std::move(put.item));  // behind those of its process that wait
    }
    if (!putters_.empty() || !closers_.empty()) settle();
  }
  void on(const QueueSlotsBack& back) {
    slots_.returned(back.client, back.slots);
    settle();
  }
  Future<void> on(const QueueClose&) {
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

  // --- Getting ---

  Future<T> on(const QueueGet& get) { return wait_for_items(Promise<T>{}, {1, 1, 0}, get.wait); }
  Future<std::vector<T>> on(const QueueGetMany& get) {
    if (get.most == 0) return ready_future(std::vector<T>{});
    return wait_for_items(Promise<std::vector<T>>{}, {get.least, get.most, 0}, get.wait);
  }
  Future<QueueWindow<T>> on(const QueueFetch& fetch) {
    return wait_for_items(Promise<QueueWindow<T>>{}, {1, std::min(fetch.most, most_leased), fetch.client}, fetch.wait);
  }
  void on(const QueueTaken& report) {
    account(report.lease, report.taken);
    settle();
  }
  void on(QueueReturn<T> back) {
    if (back.lease != lease_.number) return;
    if (lease_.local) items_.insert(items_.begin(), std::make_move_iterator(back.items.begin()), std::make_move_iterator(back.items.end()));
    account(back.lease, back.taken);
    lease_ = {};
    settle();
  }

  // --- Everything else ---

  std::uint64_t on(const QueueJoinClients& join) {
    this->watch(join.port);
    return slots_.join(join.port);
  }
  void on(const Down& down) {
    const std::uint64_t client = slots_.gone(down);
    if (client != 0 && client == lease_.client) lease_ = {};
    settle();
  }
  Future<void> on(const QueueTaskDone&) {
    if (unfinished_ == 0) return failed_future<void>(errors_.done_too_often);
    if (--unfinished_ == 0)
      for (auto& joiner : std::exchange(joiners_, {})) {
        joiner.timer.cancel();
        joiner.done.set_value();
      }
    return ready_future();
  }
  Future<void> on(const QueueJoin& join) {
    if (unfinished_ == 0) return ready_future();
    if (join.wait <= Duration::zero()) return failed_future<void>(errors_.unfinished);
    Joiner& joiner = joiners_.emplace_back();
    expire(joiner, join.wait);
    return joiner.done.future();
  }
  Future<QueueLooks> on(const QueueLook&) {
    auto future = lookers_.emplace_back().future();
    settle();
    return future;
  }
  Future<void> on(const QueueAwait&) {
    std::erase_if(awaiters_, [](const Promise<void>& each) { return !each.wanted(); });
    auto future = awaiters_.emplace_back().future();
    settle();
    return future;
  }
  void on(const QueueExpired& expired) {
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

 private:
  struct Waiting {
    std::uint64_t number = 0;
    bool at_once = false;  // waits for what was recalled, and for nothing else
    TimerHandle timer;
  };
  struct Putter : Waiting {
    std::vector<T> items;
    std::size_t admitted = 0;
    std::optional<Promise<void>> room;  // none: it was put into a slot, and nobody waits
  };
  struct Wish {
    std::uint64_t least = 1;
    std::uint64_t most = 1;
    std::uint64_t client = 0;
  };
  struct Getter : Waiting {
    Wish wish;
    std::variant<Promise<T>, Promise<std::vector<T>>, Promise<QueueWindow<T>>> items;
  };
  struct Joiner : Waiting {
    Promise<void> done;
  };
  struct Lease {
    std::uint64_t number = 0;
    std::uint64_t client = 0;
    std::uint64_t count = 0;
    std::uint64_t taken = 0;
    bool local = false;  // its items are with the client; else the first of ours
    bool recalled = false;
  };

  [[nodiscard]] std::uint64_t size() const { return items_.size() + (lease_.local ? lease_.count - lease_.taken : 0); }
  [[nodiscard]] std::uint64_t room() const { return capacity_ - std::min(size() + slots_.outstanding(), capacity_); }

  [[nodiscard]] bool at_end() const { return closed_ && items_.empty() && slots_.outstanding() == 0; }

  void expire(Waiting& waiting, Duration wait) {
    waiting.number = ++last_number_;
    waiting.at_once = wait <= Duration::zero();
    if (!waiting.at_once && wait != forever) waiting.timer = this->send_after(wait, QueueExpired{waiting.number});
  }
  template <class Waitings>
  static auto find(Waitings& waitings, std::uint64_t number) {
    return std::find_if(waitings.begin(), waitings.end(), [&](const auto& each) { return each.number == number; });
  }

  Future<void> wait_for_room(std::vector<T> items, Duration wait) {
    if (closed_) return failed_future<void>(errors_.closed);
    Putter& putter = putters_.emplace_back();
    putter.items = std::move(items);
    auto future = putter.room.emplace().future();
    expire(putter, wait);
    settle();
    return future;
  }
  template <class Brings>
  Future<Brings> wait_for_items(Promise<Brings> promise, Wish wish, Duration wait) {
    auto future = promise.future();
    Getter& getter = getters_.emplace_back();
    getter.wish = wish;
    getter.items = std::move(promise);
    const bool ready = getters_.size() == 1 && lease_.number == 0 && items_.size() >= wish.least;
    expire(getter, ready ? Duration::zero() : wait);  // no timer for those who wait for nothing
    settle();
    return future;
  }

  /// An item has its slot.
  void accept(T item) {
    items_.push_back(std::move(item));
    ++unfinished_;
    if (!getters_.empty()) serve();
    if (!awaiters_.empty()) settle();
  }
  T take() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  std::vector<T> take_many(std::uint64_t most) {
    std::vector<T> taken;
    while (!items_.empty() && taken.size() < most) taken.push_back(take());
    return taken;
  }

  /// Answers everybody who can be answered, and recalls what the others wait for.
  void settle() {
    do {
      serve();
      admit();
      if (!putters_.empty()) slots_.recall();
      if (!getters_.empty() || !lookers_.empty() || !awaiters_.empty()) recall_lease();
    } while ((slots_.outstanding() == 0 && refuse_putters()) || (lease_.number == 0 && refuse_getters()));
    if (lease_.number == 0)
      for (auto& looker : std::exchange(lookers_, {})) looker.set_value(QueueLooks{size(), capacity_, closed_});
    if (lease_.number == 0 && (!items_.empty() || at_end()))
      for (auto& awaiter : std::exchange(awaiters_, {})) awaiter.set_value();
    if (slots_.outstanding() == 0)
      for (auto& closer : std::exchange(closers_, {})) closer.set_value();
  }
  void recall_lease() {
    if (lease_.number == 0 || std::exchange(lease_.recalled, true)) return;
    (void)slots_.port(lease_.client).ask(QueueRecallItems{lease_.number}, forever);
  }
  /// Who waits for items gets those that are there.
  void serve() {
    while (!getters_.empty() && lease_.number == 0) {
      if (std::visit([](auto& promise) { return promise.wanted(); }, getters_.front().items)) {
        if (items_.empty() || items_.size() < getters_.front().wish.least) return;
        give();
      }
      getters_.front().timer.cancel();
      getters_.pop_front();
    }
  }
  void give() {
    Getter& getter = getters_.front();
    if (auto* one = std::get_if<0>(&getter.items)) return one->set_value(take());
    if (auto* many = std::get_if<1>(&getter.items)) return many->set_value(take_many(getter.wish.most));
    QueueWindow<T> window;
    const std::uint64_t count = std::min<std::uint64_t>(getter.wish.most, items_.size());
    if (count < 2 || getters_.size() > 1 || !slots_.port(getter.wish.client)) {
      window.items.push_back(take());
    } else {
      lease_ = {++last_lease_, getter.wish.client, count, 0, slots_.port(getter.wish.client).pointer()->local(), false};
      window.lease = lease_.number;
      if (lease_.local) {
        window.items = take_many(count);
      } else {
        window.kept = &items_;
        window.count = count;
      }
    }
    std::get<2>(getter.items).set_value(std::move(window));
  }
  /// The first `taken` items of the lease were taken.
  void account(std::uint64_t lease, std::uint64_t taken) {
    if (lease != lease_.number || taken <= lease_.taken || taken > lease_.count) return;
    if (!lease_.local) items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(taken - lease_.taken));
    lease_.taken = taken;
    if (lease_.taken == lease_.count) lease_ = {};
  }
  /// Who waits for room gets what there is.
  void admit() {
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
  bool refuse_putters() {
    return 0 != std::erase_if(putters_, [&](Putter& putter) {
             if (putter.at_once) putter.room->set_error(errors_.full);
             return putter.at_once;
           });
  }
  bool refuse_getters() {
    const bool ends = at_end();
    return 0 != std::erase_if(getters_, [&](Getter& getter) {
             if (!ends && !getter.at_once) return false;
             getter.timer.cancel();
             refuse(getter, ends ? errors_.at_end : errors_.empty);
             return true;
           });
  }
  static void refuse(Getter& getter, const QueueErrors::Info& why) {
    std::visit([&](auto& promise) { promise.set_error(why); }, getter.items);
  }

  const std::uint64_t capacity_;
  const QueueErrors errors_;
  std::deque<T> items_;
  std::deque<Putter> putters_;
  std::deque<Getter> getters_;
  std::deque<Joiner> joiners_;
  std::deque<Promise<QueueLooks>> lookers_;
  std::deque<Promise<void>> closers_;
  std::vector<Promise<void>> awaiters_;
  QueueSlots slots_;
  Lease lease_;
  std::uint64_t last_lease_ = 0;
  std::uint64_t unfinished_ = 0;
  std::uint64_t last_number_ = 0;
  bool closed_ = false;
};

}  // namespace troupe::detail
