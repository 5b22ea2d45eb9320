// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a queue's handles and its owner say to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/queue_port.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

// A client is the number that the owner gave to a process's handles; 0: none yet.

template <class T>
struct QueuePut {
  T item;
  Duration wait{};  // for room, at the owner
  std::uint64_t client = 0;
};
/// Into a slot that the client holds.
template <class T>
struct QueuePutIntoSlot {
  T item;
  std::uint64_t client = 0;
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
/// For a getter that would hold further items, if it is alone.
struct QueueFetch {
  Duration wait{};
  std::uint64_t client = 0;
  std::uint64_t most = 0;
};
/// How many items of a lease were taken by now.
struct QueueTaken {
  std::uint64_t lease = 0;
  std::uint64_t taken = 0;
};
/// The end of a lease. A getter of the owner's process has the items themselves and brings them back.
template <class T>
struct QueueReturn {
  std::uint64_t lease = 0;
  std::uint64_t taken = 0;
  std::vector<T> items;
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

/// What can be seen of a queue.
struct QueueLooks {
  std::uint64_t size = 0;
  std::uint64_t capacity = 0;
  bool closed = false;
};

/// Items of one lease: twice what is got within a round trip.
constexpr std::uint64_t most_leased = 1024;

/// The answer to QueueFetch: one item, or a lease of several. To another process the owner writes its items out and keeps
/// them until they are taken, so that they are not lost with that process.
template <class T>
struct QueueWindow {
  QueueWindow() = default;
  QueueWindow(QueueWindow&&) noexcept = default;
  QueueWindow& operator=(QueueWindow&&) noexcept = default;

  std::uint64_t lease = 0;  // 0: a single item, the getter's own
  std::vector<T> items;
  const std::deque<T>* kept = nullptr;  // in the owner's turn: write out the first `count` of these
  std::size_t count = 0;                // only with `kept`

  template <class Archive>
  void save(Archive& archive) const {
    archive(lease, static_cast<std::uint64_t>(kept == nullptr ? items.size() : count));
    for (const auto& item : items) archive(static_cast<const T&>(item));
    for (std::size_t i = 0; i < count; ++i) archive((*kept)[i]);
  }
  template <class Archive>
  void load(Archive& archive) {
    std::uint64_t size = 0;
    archive(lease, size);
    if (size > most_leased) raise(ErrorType::malformed, "a queue hands out more items at once than there can be");
    for (std::uint64_t i = 0; i < size; ++i) {
      T item{};
      archive(item);
      items.push_back(std::move(item));
    }
  }
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

}  // namespace troupe::detail
