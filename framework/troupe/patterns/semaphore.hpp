// troupe: actors in processes. Apache-2.0, see LICENSE.
// Semaphores between threads, actors and processes: one owner actor each, handed out in the order of coming.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/holder.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/wire/error.hpp>

namespace troupe {

namespace detail {

struct SemaphoreTake {
  Holder holder;
  Duration wait{};
};
struct SemaphoreGive {
  Holder holder;
  std::uint64_t count = 1;
};
struct SemaphoreLook {};
struct SemaphoreLooks {
  std::uint64_t value = 0;
  bool abandoned = false;
};
struct SemaphoreExpired {
  std::uint64_t waiting = 0;
};

/// The actor behind a semaphore.
class SemaphoreOwner final : public Actor<SemaphoreOwner, SemaphoreTake, SemaphoreGive, SemaphoreLook, SemaphoreExpired, Down> {
 public:
  /// @param most  that `value` may become
  SemaphoreOwner(std::uint64_t value, std::uint64_t most, std::string name) : value_{value}, most_{most}, name_{std::move(name)} {}
  Future<bool> on(const SemaphoreTake& take);
  Future<void> on(const SemaphoreGive& give);
  SemaphoreLooks on(const SemaphoreLook&) const { return {value_, abandoned_}; }
  void on(const SemaphoreExpired& expired);
  void on(const Down& down);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Ref<Presence> process;
    Promise<bool> done;
    TimerHandle timer;
  };
  struct Process {
    Ref<Presence> process;
    std::uint64_t held = 0;  // taken, and not given back
  };
  Process& know(const Ref<Presence>& process);
  void hand_on();

  std::uint64_t value_;
  const std::uint64_t most_;
  const std::string name_;
  bool abandoned_ = false;
  std::deque<Waiting> waiting_;
  std::vector<Process> processes_;
  std::uint64_t last_number_ = 0;
};

}  // namespace detail

/// A count that `acquire` takes one from, once there is one, and `release` adds to. A handle: cheap to copy; may be an argument,
/// a member, part of a message.
///
/// What a process has acquired and nobody has released is given back when that process is killed or fails, and then it is
/// `abandoned`. A process that ends in order keeps what it took: others may release it.
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed.
/// Threads:  safe. Empty (default constructed): every member throws Misuse.
class Semaphore : public detail::OwnerHandle<detail::SemaphoreOwner> {
 public:
  Semaphore() noexcept = default;
  /// @throws Closed  the node is ending
  explicit Semaphore(Node& node, std::uint64_t value = 1, PatternOptions options = {});

  /// Takes one, as soon as all who came before have had theirs. Waits without limit.
  /// @throws Closed, ActorDied  the owner has ended, or its process died; nothing was taken
  void acquire() const;
  /// @returns whether there was one
  [[nodiscard]] bool try_acquire() const;
  /// @returns whether there was one within `patience`: its owner decides
  [[nodiscard]] bool try_acquire_for(Duration patience) const;
  /// As `try_acquire_for`, without blocking: for `co_await`.
  [[nodiscard]] Future<bool> acquire_async(Duration patience = forever) const;
  /// Gives `count` back, or adds them. @throws Misuse  a BoundedSemaphore that has as many as at first; nothing was added
  void release(std::uint64_t count = 1) const;
  [[nodiscard]] std::uint64_t value() const;
  /// Whether a process has died with some since `release` was called last.
  [[nodiscard]] bool abandoned() const;

 protected:
  Semaphore(Node& node, std::uint64_t value, std::uint64_t most, PatternOptions options);

 private:
  [[nodiscard]] bool take(Duration patience) const;
};

/// A semaphore that never has more than at first.
class BoundedSemaphore : public Semaphore {
 public:
  BoundedSemaphore() noexcept = default;
  explicit BoundedSemaphore(Node& node, std::uint64_t value = 1, PatternOptions options = {});
};

}  // namespace troupe
