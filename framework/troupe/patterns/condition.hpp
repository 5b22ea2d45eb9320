// troupe: actors in processes. Apache-2.0, see LICENSE.
// Conditions: to wait, with a lock given back meanwhile, until somebody who holds it notifies.
#pragma once

#include <cstdint>

#include <troupe/node/clock.hpp>
#include <troupe/patterns/lock.hpp>

namespace troupe {

/// A condition with its lock. A handle, as Lock is; `std::scoped_lock` takes it.
///
/// Threads: safe. Empty (default constructed): every member throws Misuse.
class Condition {
 public:
  Condition() noexcept = default;
  /// With a RecursiveLock of its own. @throws Closed  the node is ending
  explicit Condition(Node& node, PatternOptions options = {});
  /// One of any number of conditions of that lock.
  explicit Condition(const detail::LockHandle& lock);

  void lock() const { lock_.lock(); }
  [[nodiscard]] bool try_lock() const { return lock_.try_lock(); }
  void unlock() const { lock_.unlock(); }

  /// Gives the lock back, waits to be notified, and returns with the lock. Only a notification ends it.
  /// @throws Misuse  the caller does not hold the lock
  /// @throws Closed, ActorDied  the owner has ended; the lock is not held
  void wait() const;
  /// @returns whether a notification came within `patience`; the lock is held in both cases
  bool wait_for(Duration patience) const;
  /// The same without blocking: for `co_await`.
  [[nodiscard]] Future<bool> wait_async(Duration patience = forever) const;
  /// Takes the lock, as `Lock::lock_async`.
  [[nodiscard]] Future<bool> lock_async(Duration patience = forever) const { return lock_.lock_async(patience); }
  /// Waits until `holds()`, which is called with the lock held, at first and after each notification.
  template <class Predicate>
  requires std::predicate<Predicate&>
  void wait(Predicate holds) const {
    while (!holds()) wait();
  }
  /// @returns whether it held within `patience`
  template <class Predicate>
  requires std::predicate<Predicate&>
  bool wait_for(Duration patience, Predicate holds) const {
    const TimePoint until = detail::after(now(), patience);
    while (!holds())
      if (!wait_for(until - now())) return holds();
    return true;
  }

  /// Wakes the one who has waited longest; nobody waits: no effect. @throws Misuse  the caller does not hold the lock
  void notify_one() const { notify(1); }
  void notify_all() const { notify(UINT64_MAX); }
  /// The same for `count`.
  void notify(std::uint64_t count) const;

  explicit operator bool() const noexcept { return static_cast<bool>(lock_); }
  template <class Archive>
  void save(Archive& archive) const {
    archive(lock_, condition_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(lock_, condition_);
  }

 private:
  class Held : public detail::LockHandle {  // whichever kind it is
   public:
    Held() noexcept = default;
    explicit Held(const LockHandle& lock) : LockHandle{lock} {}
  };

  [[nodiscard]] TimePoint now() const;

  Held lock_;
  std::uint64_t condition_ = 0;
};

}  // namespace troupe
