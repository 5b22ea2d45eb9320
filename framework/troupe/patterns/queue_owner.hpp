// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a queue: its items, and who waits for one or for room, each in the order in which they came.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

template <class T>
struct QueuePut {
  T item;
  Duration wait{};  // for room, at the owner
};
template <class T>
struct QueuePutMany {
  std::vector<T> items;
  Duration wait{};  // zero: all or none
};
struct QueueGet {
  Duration wait{};
};
struct QueueGetMany {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  Duration wait{};
};
struct QueueClose {};
struct QueueTaskDone {};
struct QueueJoin {
  Duration wait{};
};
struct QueueLook {};
struct QueueExpired {
  std::uint64_t waiting = 0;
};

/// What can be seen of a queue.
struct QueueLooks {
  std::uint64_t size = 0;
  std::uint64_t capacity = 0;
  bool closed = false;
};

/// What those are told who get nothing. Made once: to find a queue empty is no exception.
struct QueueErrors {
  using Info = std::shared_ptr<const ErrorInfo>;
  explicit QueueErrors(const std::string& name);
  Info full, empty, closed, at_end, unfinished, done_too_often;
};

/// Of a group of items that was still going in.
[[nodiscard]] QueueErrors::Info closed_within(std::size_t admitted, std::size_t all);
/// @throws Misuse  zero
std::uint64_t checked_capacity(std::uint64_t capacity);

/// Whose turn of waiting is over is answered; who has gone meanwhile is left out.
template <class T>
class QueueOwner final : public Actor<QueueOwner<T>, QueuePut<T>, QueuePutMany<T>, QueueGet, QueueGetMany, QueueClose, QueueTaskDone,
                                      QueueJoin, QueueLook, QueueExpired> {
 public:
  QueueOwner(std::uint64_t capacity, const std::string& name) : capacity_{checked_capacity(capacity)}, errors_{name} {}

  Future<void> on(QueuePut<T> put) {
    if (closed_) return failed_future<void>(errors_.closed);
    if (putters_.empty() && room() > 0) {
      accept(std::move(put.item));
      return ready_future();
    }
    if (put.wait <= Duration::zero()) return failed_future<void>(errors_.full);
    std::vector<T> items;
    items.push_back(std::move(put.item));
    return wait_for_room(std::move(items), put.wait);
  }

  Future<void> on(QueuePutMany<T> put) {
    if (closed_) return failed_future<void>(errors_.closed);
    if (putters_.empty() && room() >= put.items.size()) {
      for (auto& item : put.items) accept(std::move(item));
      return ready_future();
    }
    if (put.wait <= Duration::zero()) return failed_future<void>(errors_.full);
    auto future = wait_for_room(std::move(put.items), put.wait);
    admit();
    return future;
  }

  Future<T> on(const QueueGet& get) {
    if (!items_.empty()) {
      auto future = ready_future(take());
      admit();
      return future;
    }
    if (closed_) return failed_future<T>(errors_.at_end);
    if (get.wait <= Duration::zero()) return failed_future<T>(errors_.empty);
    return wait_for_items(Promise<T>{}, 1, get.wait);
  }

  Future<std::vector<T>> on(const QueueGetMany& get) {
    using Many = std::vector<T>;
    if (get.most == 0) return ready_future(Many{});
    if (!items_.empty() && items_.size() >= get.least) {
      auto future = ready_future(take_many(get.most));
      admit();
      return future;
    }
    if (closed_ && items_.empty()) return failed_future<Many>(errors_.at_end);
    if (get.wait <= Duration::zero()) return failed_future<Many>(errors_.empty);
    return wait_for_items(Promise<Many>{}, get.most, get.wait);
  }

  void on(const QueueClose&) {
    closed_ = true;
    for (auto& putter : std::exchange(putters_, {})) {
      putter.timer.cancel();
      putter.room.set_error(putter.admitted == 0 ? errors_.closed : closed_within(putter.admitted, putter.items.size()));
    }
    for (auto& getter : std::exchange(getters_, {})) {
      getter.timer.cancel();
      std::visit([&](auto& promise) { promise.set_error(errors_.at_end); }, getter.items);
    }
  }

  Future<void> on(const QueueTaskDone&) {
    if (unfinished_ == 0) return failed_future<void>(errors_.done_too_often);
    if (--unfinished_ == 0) {
      for (auto& joiner : std::exchange(joiners_, {})) {
        joiner.timer.cancel();
        joiner.done.set_value();
      }
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

  QueueLooks on(const QueueLook&) const { return {items_.size(), capacity_, closed_}; }

  void on(const QueueExpired& expired) {
    if (const auto putter = find(putters_, expired.waiting); putter != putters_.end()) {
      putter->room.set_error(errors_.full);
      putters_.erase(putter);
      admit();
      return;
    }
    if (const auto getter = find(getters_, expired.waiting); getter != getters_.end()) {
      std::visit([&](auto& promise) { promise.set_error(errors_.empty); }, getter->items);
      getters_.erase(getter);
      return;
    }
    if (const auto joiner = find(joiners_, expired.waiting); joiner != joiners_.end()) {
      joiner->done.set_error(errors_.unfinished);
      joiners_.erase(joiner);
    }
  }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    TimerHandle timer;
  };
  struct Putter : Waiting {
    std::vector<T> items;
    std::size_t admitted = 0;
    Promise<void> room;
  };
  struct Getter : Waiting {
    std::variant<Promise<T>, Promise<std::vector<T>>> items;
    std::uint64_t most = 1;
  };
  struct Joiner : Waiting {
    Promise<void> done;
  };

  [[nodiscard]] std::uint64_t room() const { return capacity_ - std::min<std::uint64_t>(items_.size(), capacity_); }

  void expire(Waiting& waiting, Duration wait) {
    waiting.number = ++last_number_;
    if (wait != forever) waiting.timer = this->send_after(wait, QueueExpired{waiting.number});
  }
  template <class Waitings>
  static auto find(Waitings& waitings, std::uint64_t number) {
    return std::find_if(waitings.begin(), waitings.end(), [&](const auto& each) { return each.number == number; });
  }

  Future<void> wait_for_room(std::vector<T> items, Duration wait) {
    Putter& putter = putters_.emplace_back();
    putter.items = std::move(items);
    expire(putter, wait);
    return putter.room.future();
  }
  template <class Brings>
  Future<Brings> wait_for_items(Promise<Brings> promise, std::uint64_t most, Duration wait) {
    auto future = promise.future();
    Getter& getter = getters_.emplace_back(Getter{{}, std::move(promise), most});
    expire(getter, wait);
    return future;
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

  /// An item has its slot.
  void accept(T item) {
    items_.push_back(std::move(item));
    ++unfinished_;
    serve();
  }
  /// Who waits for items gets those that are there.
  void serve() {
    while (!items_.empty() && !getters_.empty()) {
      Getter getter = std::move(getters_.front());
      getters_.pop_front();
      getter.timer.cancel();
      if (!std::visit([](auto& promise) { return promise.wanted(); }, getter.items)) continue;
      if (auto* one = std::get_if<0>(&getter.items)) {
        one->set_value(take());
      } else {
        std::get<1>(getter.items).set_value(take_many(getter.most));
      }
    }
  }
  /// Who waits for room gets what there is.
  void admit() {
    while (!putters_.empty() && room() > 0) {
      Putter& first = putters_.front();
      const bool wanted = first.room.wanted();
      if (wanted && first.admitted < first.items.size()) accept(std::move(first.items[first.admitted++]));
      if (wanted && first.admitted < first.items.size()) continue;
      first.timer.cancel();
      if (wanted) first.room.set_value();
      putters_.pop_front();
    }
  }

  const std::uint64_t capacity_;
  const QueueErrors errors_;
  std::deque<T> items_;
  std::deque<Putter> putters_;
  std::deque<Getter> getters_;
  std::deque<Joiner> joiners_;
  std::uint64_t unfinished_ = 0;
  std::uint64_t last_number_ = 0;
  bool closed_ = false;
};

}  // namespace troupe::detail
