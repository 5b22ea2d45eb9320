// troupe: actors in processes. Apache-2.0, see LICENSE.
// An item that was taken from a queue for as long as somebody works on it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <troupe/actor/future.hpp>
#include <troupe/node/clock.hpp>

namespace troupe {

namespace detail {

class QueueClient;

/// See Taken.
class TakenHandle {
 public:
  TakenHandle(std::shared_ptr<QueueClient> queue, std::uint64_t number, std::uint32_t delivery) noexcept
      : queue_{std::move(queue)}, number_{number}, delivery_{delivery} {}
  TakenHandle(TakenHandle&& other) noexcept = default;
  TakenHandle& operator=(TakenHandle&& other) noexcept {
    std::swap(queue_, other.queue_);
    std::swap(number_, other.number_);
    std::swap(delivery_, other.delivery_);
    return *this;
  }
  ~TakenHandle() { give_back(); }

  /// Says that the work is done: nobody gets the item any more. Counts as `task_done` for who waits in `join`.
  /// @returns whether it was in time; false: the lease had ended, and somebody else has the item or will get it
  /// @throws Misuse  it was done or given back before
  /// @throws Closed, ActorDied  the queue has ended, and nobody else gets the item
  /// Blocks until the queue has noted it; `co_await item.done_async()` does not.
  bool done();
  [[nodiscard]] Future<bool> done_async();
  /// Gives the item back: it is the first of the queue again. Again, or after `done`: no effect.
  void give_back() noexcept;
  /// Begins the lease anew, which is `lease` from now on.
  /// @returns whether it was in time; false: it had ended. @throws  as `done`
  bool renew(Duration lease);
  /// How often it was taken by now; 1: nobody had it before.
  [[nodiscard]] std::uint32_t delivery() const noexcept { return delivery_; }
  /// Whether it is neither done nor given back; its lease may have ended all the same.
  explicit operator bool() const noexcept { return queue_ != nullptr; }

 private:
  void check() const;

  std::shared_ptr<QueueClient> queue_;
  std::uint64_t number_;
  std::uint32_t delivery_;
};

}  // namespace detail

/// An item that was taken from a queue by `take`, and is somebody else's unless it is `done`: when the object is destroyed (by an
/// exception, say), given back, its lease ends or the taker's process dies, the item is the first of the queue again, and counts
/// one delivery more. Nobody else has it meanwhile.
///
/// So an item is worked on at least once, and again if its taker fails after the work and before `done`.
///
/// Threads: one at a time. Empty (moved from): every member but `bool`, `delivery` and `give_back` throws Misuse.
template <class T>
class Taken : public detail::TakenHandle {
 public:
  Taken(detail::TakenHandle handle, T item) : TakenHandle{std::move(handle)}, item_{std::move(item)} {}

  [[nodiscard]] T& operator*() noexcept { return item_; }
  [[nodiscard]] const T& operator*() const noexcept { return item_; }
  [[nodiscard]] T* operator->() noexcept { return &item_; }
  [[nodiscard]] const T* operator->() const noexcept { return &item_; }

 private:
  T item_;
};

}  // namespace troupe
