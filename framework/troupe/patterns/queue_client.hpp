// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the handles of one process share that go back to one: slots of the queue that it may fill, items that it holds.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <troupe/actor/ref.hpp>
#include <troupe/node/bells.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/context.hpp>
#include <troupe/patterns/queue_messages.hpp>
#include <troupe/patterns/queue_owner.hpp>
#include <troupe/patterns/queue_port.hpp>
#include <troupe/patterns/queue_taken.hpp>

namespace troupe::detail {

/// @throws Misuse  it is not positive
[[nodiscard]] Duration checked_lease(Duration lease);

/// Threads: safe. The owner is written to from outside of actors, so that no item waits in a handler's outbox while others
/// of this process pass it.
class QueueClient final : public QueueSide, public std::enable_shared_from_this<QueueClient> {
 public:
  /// @param items  of the type of whatever is in the queue
  QueueClient(Ref<QueueOwner> owner, std::string name, const TypeName& items)
      : owner_{std::move(owner)}, name_{std::move(name)}, items_{items} {}
  ~QueueClient() override;
  QueueClient(const QueueClient&) = delete;
  QueueClient& operator=(const QueueClient&) = delete;

  [[nodiscard]] const Ref<QueueOwner>& owner() const noexcept { return owner_; }
  [[nodiscard]] NodeCore& node() const noexcept { return owner_.pointer()->node(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const TypeName& items() const noexcept { return items_; }
  template <class M>
  auto ask(M message, Duration patience = forever) {
    const ContextScope outside_of_actors{&node(), nullptr};
    return owner_.ask(std::move(message), patience);
  }

  [[nodiscard]] QueueLooks look() { return ask(QueueLook{}, default_patience).get(); }

  /// Fills a slot that was granted. @returns false: there is none, `item` is as before
  bool put_into_slot(Item& item);
  Future<void> ask_to_put(Item item, Duration patience);

  /// The first of the items that are here. @returns nothing: there are none
  std::optional<Item> take();
  [[nodiscard]] bool holds_items();
  /// Asks for the next item, and for those behind it.
  Future<QueueWindow> fetch(Duration patience);
  /// Asks for the next item alone, whose bytes `state` takes. In this process the item itself comes, and `fulfil` hands it over.
  void fetch_into(FutureState& state, void (*fulfil)(FutureState& state, Item item));
  /// Asks for an item to work on.
  Future<QueueHanded> ask_to_take(Duration patience, Duration lease);
  /// The same for `state`, to which `fulfil` hands it over.
  void take_into(FutureState& state, Duration lease, void (*fulfil)(FutureState& state, TakenHandle handle, Item item));
  /// @param seen  whether somebody has worked on it
  void give_back_taken(std::uint64_t number, bool seen) noexcept;
  /// Has the bell rung when there may be an item, or never any more; at once, if that may have come about meanwhile.
  void ring(const Bell& bell);
  /// Takes the first item of what was fetched; the others stay here, unless they were recalled meanwhile.
  Item receive(QueueWindow window);
  /// Ends the lease.
  void give_back();

  void granted(std::uint64_t slots) override { slots_.fetch_add(slots); }
  void slots_recalled() override;
  void items_recalled(std::uint64_t lease) override;
  void owner_ended() override;

 private:
  template <class M>
  void tell(M message) {
    const ContextScope outside_of_actors{&node(), nullptr};
    owner_.tell(std::move(message), forever);
  }
  /// @returns whether there was one; it is the caller's
  bool take_slot() noexcept;
  void return_slots(std::uint64_t slots);
  /// How many items a get should bring; doubles as long as nobody else wants any. Under the mutex.
  [[nodiscard]] std::uint64_t next_window();
  /// Whether others should be told by now how many items were taken. Under the mutex.
  [[nodiscard]] bool report_due();
  [[nodiscard]] Ref<QueuePort> port();
  /// The number that the owner knows us by; asks for one when that is worth it. 0: none.
  [[nodiscard]] std::uint64_t number();

  const Ref<QueueOwner> owner_;
  const std::string name_;
  const TypeName& items_;
  std::atomic<std::uint64_t> slots_{0};
  std::atomic<std::uint64_t> puts_{0};  // asked for; up to the number that makes a client
  std::atomic<bool> joining_{false};
  std::atomic<std::uint64_t> number_{0};
  std::mutex port_mutex_;
  Ref<QueuePort> port_;  // guarded by it
  std::mutex mutex_;
  // Guarded by it:
  std::deque<Item> window_;
  std::uint64_t lease_ = 0;     // that these belong to
  std::uint64_t recalled_ = 0;  // the last lease that was
  std::uint64_t window_size_ = 0;
  std::uint64_t fetches_ = 0;   // since somebody else wanted items
  std::uint64_t taken_ = 0;     // of the lease
  std::uint64_t reported_ = 0;  // of those
  TimePoint last_report_{};

  const std::shared_ptr<Bells> bells_ = std::make_shared<Bells>();  // of those who wait for several things
  std::mutex awaited_mutex_;
  Future<void> awaited_;  // guarded by it: rings them
};

}  // namespace troupe::detail
