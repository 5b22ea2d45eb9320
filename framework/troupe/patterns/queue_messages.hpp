// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a queue's handles and its owner say to each other, whatever the items are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/item.hpp>
#include <troupe/patterns/queue_port.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

// A client is the number that the owner gave to a process's handles; 0: none yet.

struct QueuePut {
  Item item;
  Duration wait{};  // for room, at the owner
  std::uint64_t client = 0;
};
/// Into a slot that the client holds.
struct QueuePutIntoSlot {
  Item item;
  std::uint64_t client = 0;
};
struct QueuePutMany {
  std::vector<Item> items;
  Duration wait{};  // zero: all or none
};
struct QueueGet {
  Duration wait{};
};
struct QueueFetch {
  Duration wait{};
  std::uint64_t least = 1;
  std::uint64_t most = 1;
  std::uint64_t client = 0;  // would hold further items, if it is alone; 0: they are to be its own
};
/// For somebody who says when he is done with the item.
struct QueueTake {
  Duration wait{};
  Duration lease{};
  Ref<QueuePort> port;  // with whose end it comes back
};
/// Brings whether it was still his.
struct QueueDone {
  std::uint64_t number = 0;
};
struct QueueGiveBack {
  std::uint64_t number = 0;
  bool seen = true;  // else it does not count as a delivery
};
/// Brings whether it is still his: the lease begins anew.
struct QueueRenew {
  std::uint64_t number = 0;
  Duration lease{};
};
struct QueueLeaseEnded {
  std::uint64_t number = 0;
};
/// How many items of a lease were taken by now.
struct QueueTaken {
  std::uint64_t lease = 0;
  std::uint64_t taken = 0;
};
/// The end of a lease. A getter of the owner's process has the items themselves and brings them back.
struct QueueReturn {
  std::uint64_t lease = 0;
  std::uint64_t taken = 0;
  std::vector<Item> items;
};
struct QueueSlotsBack {
  std::uint64_t client = 0;
  std::uint64_t slots = 0;
};
struct QueueJoinClients {
  Ref<QueuePort> port;
};
struct QueueClose {};
struct QueueTaskDone {};
struct QueueJoin {
  Duration wait{};
};
struct QueueLook {};
/// Answered when a get would not wait.
struct QueueAwait {};
struct QueueExpired {
  std::uint64_t waiting = 0;
};

/// What a queue is made of.
struct QueueSettings {
  std::uint64_t capacity = 0;
  std::string name;
  std::uint32_t max_deliveries = 0;
  std::string items;          // their type, for people
  std::uint64_t objects = 0;  // the type's id, if they must be objects at the owner too; else bytes will do
};

/// What can be seen of a queue.
struct QueueLooks {
  std::uint64_t size = 0;
  std::uint64_t capacity = 0;
  bool closed = false;
  bool ready = false;  // a get would not wait
};

/// Items of one lease: twice what is got within a round trip.
constexpr std::uint64_t most_leased = 1024;

/// The answer to QueueFetch: items of the getter's own, or a lease of several. To another process the owner writes its items out
/// and keeps them until they are taken, so that they are not lost with that process.
struct QueueWindow {
  QueueWindow() = default;
  QueueWindow(QueueWindow&&) noexcept = default;
  QueueWindow& operator=(QueueWindow&&) noexcept = default;

  std::uint64_t lease = 0;  // 0: they are the getter's own
  std::vector<Item> items;
  const std::deque<Item>* kept = nullptr;  // in the owner's turn: write out the first `count` of these
  std::size_t count = 0;                   // only with `kept`

  void save(OutArchive& archive) const;
  void load(InArchive& archive);
};

/// What those are told who get nothing. Made once: to find a queue empty is no exception.
struct QueueErrors {
  using Info = std::shared_ptr<const ErrorInfo>;
  explicit QueueErrors(const std::string& name);
  Info full, empty, closed, at_end, unfinished, done_too_often;
};

/// Of a group of items that was still going in.
[[nodiscard]] QueueErrors::Info closed_within(std::size_t admitted, std::size_t all);

}  // namespace troupe::detail
