// troupe: actors in processes. Apache-2.0, see LICENSE.
// Locks between threads, actors and processes: one owner actor each, handed on in the order of coming.
#pragma once

#include <cstdint>
#include <string>

#include <troupe/node/clock.hpp>
#include <troupe/patterns/lock_owner.hpp>
#include <troupe/patterns/owner.hpp>

namespace troupe {

namespace detail {

/// What both kinds of lock do.
class LockHandle : public OwnerHandle<LockOwner> {
 public:
  /// Takes it, as soon as all who came before have had it. It belongs to the calling thread, in a handler to the actor, in one that
  /// awaits (a Task) to that Task.
  /// Waits without limit; `std::scoped_lock` and `std::unique_lock` take it too.
  /// @throws Misuse     a Lock that the caller holds already
  /// @throws Closed     the owner has ended; it is not held
  /// @throws ActorDied  the owner's process died; it is not held
  void lock() const;
  /// Takes it if nobody has it. @returns whether
  [[nodiscard]] bool try_lock() const;
  /// Takes it within `patience`, or not at all: its owner decides. @returns whether it is held
  [[nodiscard]] bool try_lock_for(Duration patience) const;
  /// As `try_lock_for`, without blocking: `co_await lock.lock_async()` in a Task, which holds it then. Brings whether it is held.
  [[nodiscard]] Future<bool> lock_async(Duration patience = forever) const;
  /// Gives it to the next. @throws Misuse  the caller does not hold it
  void unlock() const;

  /// Whether who held it before died with it: what it protects may be half done. Until the next unlock.
  [[nodiscard]] bool abandoned() const;
  [[nodiscard]] bool locked() const;
  /// Whether the caller holds it.
  [[nodiscard]] bool mine() const;
  [[nodiscard]] const Ref<LockOwner>& lock_owner() const { return owner(); }

 protected:
  LockHandle() noexcept = default;
  LockHandle(Node& node, Reentry reentry, PatternOptions options);

 private:
  [[nodiscard]] bool take(Duration patience) const;
  [[nodiscard]] LockLooks look() const;
};

}  // namespace detail

/// A lock that one caller can hold once. A handle: cheap to copy; may be an argument, a member, part of a message.
///
/// It is freed when the process dies that holds it, and then `abandoned`. A holder that lives and never unlocks keeps it.
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed.
/// Threads:  safe. Empty (default constructed): every member throws Misuse.
class Lock : public detail::LockHandle {
 public:
  Lock() noexcept = default;
  /// @throws Closed  the node is ending
  explicit Lock(Node& node, PatternOptions options = {});
};

/// A lock that its holder may take again; it is free when it was unlocked as often. Else as Lock.
class RecursiveLock : public detail::LockHandle {
 public:
  RecursiveLock() noexcept = default;
  explicit RecursiveLock(Node& node, PatternOptions options = {});
};

}  // namespace troupe
