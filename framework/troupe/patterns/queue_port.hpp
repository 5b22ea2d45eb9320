// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a queue's owner reaches those who use it much: slots that they may fill without asking, and items that they hold.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/cell.hpp>

namespace troupe::detail {

struct QueueGrant {
  std::uint64_t slots = 0;
};
struct QueueRecallSlots {};
struct QueueRecallItems {
  std::uint64_t lease = 0;
};

/// The state of a process's handles to one queue.
class QueueSide {
 public:
  virtual ~QueueSide() = default;
  virtual void granted(std::uint64_t slots) = 0;
  virtual void slots_recalled() = 0;
  virtual void items_recalled(std::uint64_t lease) = 0;
  virtual void owner_ended() = 0;
};

/// Lives as long as the handles; its end gives back what they held.
class QueuePort final : public Actor<QueuePort, QueueGrant, QueueRecallSlots, QueueRecallItems, Down> {
 public:
  QueuePort(std::weak_ptr<QueueSide> side, const CellPointer& owner);
  void on(const QueueGrant& grant);
  void on(const QueueRecallSlots& recall);
  void on(const QueueRecallItems& recall);
  void on(const Down& down);

 private:
  const std::weak_ptr<QueueSide> side_;
};

/// A port in the process where `owner` is written to. Nobody's child.
[[nodiscard]] Ref<QueuePort> spawn_queue_port(std::weak_ptr<QueueSide> side, const CellPointer& owner);

/// Who may fill how many slots of a queue. Of the owner, in its turns.
class QueueSlots {
 public:
  /// @returns its number, never 0
  std::uint64_t join(Ref<QueuePort> port);
  /// 0: it has not joined, or is gone.
  [[nodiscard]] std::uint64_t client(const Ref<QueuePort>& port) const;
  /// Null: nobody has this number any more.
  [[nodiscard]] Ref<QueuePort> port(std::uint64_t client) const;
  /// Sees to it that the client has slots to fill, as many as half of the room allows.
  void replenish(std::uint64_t client, std::uint64_t room);
  /// The client has filled one.
  void used(std::uint64_t client);
  /// The client keeps its hands off those.
  void returned(std::uint64_t client, std::uint64_t slots);
  /// Asks all to give back what they have not used.
  void recall();
  /// @returns the number of the client that is gone; 0: none. What it held is free.
  std::uint64_t gone(const Down& down);
  /// Granted, and not used or returned.
  [[nodiscard]] std::uint64_t outstanding() const noexcept { return outstanding_; }

 private:
  struct Client {
    Ref<QueuePort> port;  // null: a free number
    std::uint64_t slots = 0;
    bool recalled = false;
  };
  [[nodiscard]] Client* find(std::uint64_t client);
  void settle(Client& client, std::uint64_t slots);

  std::vector<Client> clients_;
  std::uint64_t outstanding_ = 0;
};

}  // namespace troupe::detail
