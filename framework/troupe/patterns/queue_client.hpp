// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the handles of one process share that go back to one: slots of the queue that it may fill, items that it holds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/context.hpp>
#include <troupe/patterns/queue_messages.hpp>
#include <troupe/patterns/queue_owner.hpp>
#include <troupe/patterns/queue_port.hpp>

namespace troupe::detail {

/// What of it needs no item.
class QueueClientBase : public QueueSide, public std::enable_shared_from_this<QueueClientBase> {
 public:
  QueueClientBase(CellPointer owner, std::string name) : name_{std::move(name)}, owner_{std::move(owner)} {}
  ~QueueClientBase() override;
  QueueClientBase(const QueueClientBase&) = delete;
  QueueClientBase& operator=(const QueueClientBase&) = delete;
  void granted(std::uint64_t slots) final { slots_.fetch_add(slots); }
  void slots_recalled() final;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 protected:
  /// @returns whether there was one; it is the caller's
  bool take_slot() noexcept;
  void return_slots(std::uint64_t slots);
  /// What to ask for room as: who asks much gets slots.
  [[nodiscard]] std::uint64_t putting_number();
  /// How many items a get should bring; doubles as long as nobody else wants any. Under the mutex.
  [[nodiscard]] std::uint64_t next_window();
  /// Whether others should be told by now how many items were taken. Under the mutex.
  [[nodiscard]] bool report_due();
  /// The number that the owner knows us by; asks for one when that is worth it. 0: none.
  [[nodiscard]] std::uint64_t number();
  virtual std::uint64_t join(const Ref<QueuePort>& port) = 0;
  virtual void say_slots_back(std::uint64_t slots) = 0;
  void forget_slots() noexcept { slots_.store(0); }

  std::mutex mutex_;
  std::uint64_t window_size_ = 0;  // guarded by it
  std::uint64_t fetches_ = 0;      // likewise: since somebody else wanted items
  std::uint64_t taken_ = 0;        // likewise: of the lease
  std::uint64_t reported_ = 0;     // likewise
  TimePoint last_report_{};        // likewise

 private:
  const std::string name_;
  const CellPointer owner_;
  std::atomic<std::uint64_t> slots_{0};
  std::atomic<std::uint64_t> puts_{0};  // asked for; up to the number that makes a client
  std::atomic<bool> joining_{false};
  std::atomic<std::uint64_t> number_{0};
  Ref<QueuePort> port_;  // set before `number_`
};

/// Threads: safe. The owner is written to from outside of actors, so that no item waits in a handler's outbox while others
/// of this process pass it.
template <class T>
class QueueClient final : public QueueClientBase {
  using Owner = QueueOwner<T>;

 public:
  QueueClient(Ref<Owner> owner, std::string name) : QueueClientBase{owner.pointer(), std::move(name)}, owner_{std::move(owner)} {}
  ~QueueClient() override {
    try {
      give_back();
    } catch (...) {  // the owner has no room for it now: the port's end says the same
    }
  }

  [[nodiscard]] const Ref<Owner>& owner() const noexcept { return owner_; }
  [[nodiscard]] NodeCore& node() const noexcept { return owner_.pointer()->node(); }
  template <class M>
  auto ask(M message, Duration patience = forever) {
    const ContextScope outside_of_actors{&node(), nullptr};
    return owner_.ask(std::move(message), patience);
  }

  /// Fills a slot that was granted. @returns false: there is none, `item` is as before
  bool put_into_slot(T& item) {
    if (!take_slot()) return false;
    try {
      tell(QueuePutIntoSlot<T>{std::move(item), number()});
    } catch (...) {
      return_slots(1);
      throw;
    }
    return true;
  }
  Future<void> ask_to_put(T item, Duration patience) {
    const std::uint64_t client = putting_number();
    return ask(QueuePut<T>{std::move(item), patience, client});
  }

  /// The first of the items that are here. @returns nothing: there are none
  std::optional<T> take() {
    QueueTaken report;
    std::optional<T> item;
    {
      const std::lock_guard lock{mutex_};
      if (window_.empty()) return item;
      item.emplace(std::move(window_.front()));
      window_.pop_front();
      ++taken_;
      if (window_.empty() || report_due()) report = {lease_, reported_ = taken_};
    }
    if (report.lease != 0) tell(report);
    return item;
  }
  [[nodiscard]] bool holds_items() {
    const std::lock_guard lock{mutex_};
    return !window_.empty();
  }
  /// Asks for the next item, and for those behind it.
  Future<QueueWindow<T>> fetch(Duration patience) {
    QueueFetch fetch{patience, 0, 1};
    {
      const std::lock_guard lock{mutex_};
      fetch.most = next_window();
    }
    if (fetch.most > 1) fetch.client = number();
    return ask(fetch);
  }
  /// Takes the first item of what was fetched; the others stay here, unless they were recalled meanwhile.
  T receive(QueueWindow<T> window) {
    T first = std::move(window.items.front());
    if (window.lease == 0) return first;
    bool recalled = false;
    {
      const std::lock_guard lock{mutex_};
      lease_ = window.lease;
      taken_ = 1;
      reported_ = 0;
      window_.assign(std::make_move_iterator(window.items.begin() + 1), std::make_move_iterator(window.items.end()));
      recalled = recalled_ == lease_;
    }
    if (recalled) give_back();
    return first;
  }
  void items_recalled(std::uint64_t lease) override {
    {
      const std::lock_guard lock{mutex_};
      fetches_ = 0;
      recalled_ = lease;
      if (lease_ != lease) return;  // it is on its way to us, or over
    }
    give_back();
  }
  void owner_ended() override {
    forget_slots();
    const std::lock_guard lock{mutex_};
    lease_ = 0;
    window_.clear();
  }
  /// Ends the lease.
  void give_back() {
    QueueReturn<T> back;
    {
      const std::lock_guard lock{mutex_};
      if (lease_ == 0) return;
      back.lease = std::exchange(lease_, 0);
      back.taken = taken_;
      if (owner_.pointer()->local()) back.items.assign(std::make_move_iterator(window_.begin()), std::make_move_iterator(window_.end()));
      window_.clear();
    }
    tell(std::move(back));
  }

 private:
  template <class M>
  void tell(M message) {
    const ContextScope outside_of_actors{&node(), nullptr};
    owner_.tell(std::move(message), forever);
  }
  std::uint64_t join(const Ref<QueuePort>& port) override { return ask(QueueJoinClients{port}, default_patience).get(); }
  void say_slots_back(std::uint64_t slots) override { tell(QueueSlotsBack{number(), slots}); }

  const Ref<Owner> owner_;
  std::deque<T> window_;        // guarded by the mutex
  std::uint64_t lease_ = 0;     // likewise: that these belong to
  std::uint64_t recalled_ = 0;  // likewise: the last lease that was
};

}  // namespace troupe::detail
