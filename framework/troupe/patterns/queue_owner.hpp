// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a queue: its items, and who waits for one or for room, each in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/queue_handle.hpp>
#include <troupe/patterns/queue_messages.hpp>
#include <troupe/patterns/queue_out.hpp>
#include <troupe/patterns/queue_port.hpp>

namespace troupe::detail {

/// Whoever wants something stands in a line, and `settle` answers those whose turn it is; who has gone meanwhile is left out.
///
/// Two shortcuts spare the asks. A client that puts much is granted slots, which it fills by tells; they are recalled before
/// anybody is told that there is no room, and before the queue is closed. A getter that is alone is given a lease of several
/// items; it is recalled when somebody else wants one, and what was not taken is first again.
///
/// Who takes an item to work on it has it out: it counts and keeps its slot, and comes back unless he is done.
class QueueOwner final : public Actor<QueueOwner, QueuePut, QueuePutIntoSlot, QueuePutMany, QueueGet, QueueFetch, QueueTaken, QueueReturn,
                                      QueueSlotsBack, QueueTake, QueueDone, QueueGiveBack, QueueRenew, QueueLeaseEnded, QueueJoinClients,
                                      QueueClose, QueueTaskDone, QueueJoin, QueueLook, QueueAwait, QueueExpired, Down> {
 public:
  /// @throws Misuse  a capacity of zero. @throws NotFound  items must be objects, and this program does not know their type
  explicit QueueOwner(QueueSettings settings);

  Future<void> on(QueuePut put);
  Future<void> on(QueuePutMany put);
  void on(QueuePutIntoSlot put);
  void on(const QueueSlotsBack& back);
  Future<void> on(const QueueClose&);

  Future<Item> on(const QueueGet& get);
  Future<QueueWindow> on(const QueueFetch& fetch);
  void on(const QueueTaken& report);
  void on(QueueReturn back);
  Future<void> on(const QueueAwait&);

  Future<QueueHanded> on(const QueueTake& take);
  bool on(const QueueDone& done);
  void on(const QueueGiveBack& back);
  bool on(const QueueRenew& renew);
  void on(const QueueLeaseEnded& ended);

  std::uint64_t on(const QueueJoinClients& join);
  void on(const Down& down);
  Future<void> on(const QueueTaskDone&);
  Future<void> on(const QueueJoin& join);
  Future<QueueLooks> on(const QueueLook&);
  void on(const QueueExpired& expired);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    bool at_once = false;  // waits for what was recalled, and for nothing else
    TimerHandle timer;
  };
  struct Putter : Waiting {
    std::vector<Item> items;
    std::size_t admitted = 0;
    std::optional<Promise<void>> room;  // none: it was put into a slot, and nobody waits
  };
  struct Wish {
    std::uint64_t least = 1;
    std::uint64_t most = 1;
    std::uint64_t client = 0;
    Duration lease = forever;  // of who takes
  };
  struct Getter : Waiting {
    Wish wish;
    std::variant<Promise<Item>, Promise<QueueWindow>, Promise<QueueHanded>> items;
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

  [[nodiscard]] std::uint64_t client_of(const Ref<QueuePort>& port);
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] std::uint64_t room() const;
  [[nodiscard]] bool at_end() const;
  void expire(Waiting& waiting, Duration wait);
  /// An item comes in. @returns null, or why it does not: bytes that should be an object are none
  [[nodiscard]] QueueErrors::Info unpack(Item& item) const;

  Future<void> wait_for_room(std::vector<Item> items, Duration wait);
  template <class Brings>
  Future<Brings> wait_for_items(Wish wish, Duration wait);
  void accept(Item item);
  [[nodiscard]] Item take();
  [[nodiscard]] bool wanted(const Getter& getter) const;

  void settle();
  void recall_lease();
  void serve();
  void give();
  void hand_out(Promise<QueueHanded> promise, const Wish& wish);
  void come_back(Item item, bool seen);
  void lease_until(QueueOut::Taken& taken, std::uint64_t number, Duration lease);
  void finish_one();
  void give_up(const ErrorInfo& why);
  void account(std::uint64_t lease, std::uint64_t taken);
  void admit();
  bool refuse_putters();
  bool refuse_getters();
  static void refuse(Getter& getter, const QueueErrors::Info& why);

  const QueueSettings settings_;
  const QueueErrors errors_;
  const ItemKind* const objects_;  // null: bytes will do
  std::deque<Item> items_;
  std::deque<Putter> putters_;
  std::deque<Getter> getters_;
  std::deque<Joiner> joiners_;
  std::deque<Promise<QueueLooks>> lookers_;
  std::deque<Promise<void>> closers_;
  std::vector<Promise<void>> awaiters_;
  QueueSlots slots_;
  QueueOut out_;
  Lease lease_;
  std::uint64_t last_lease_ = 0;
  std::uint64_t unfinished_ = 0;
  std::uint64_t last_number_ = 0;
  bool closed_ = false;
};

}  // namespace troupe::detail
