// troupe: actors in processes. Apache-2.0, see LICENSE.
// A barrier between threads, actors and processes: nobody goes on before all have come.
#pragma once

#include <cstdint>
#include <deque>
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

/// A barrier was aborted, or somebody's patience ended or process died while waiting at it: nobody passes until `reset`.
class BrokenBarrier : public detail::Thrown<ErrorType::closed, std::runtime_error> {
 public:
  using Thrown::Thrown;
};

namespace detail {

struct BarrierArrive {
  Holder holder;
  Duration wait{};
};
enum class BarrierOrder : std::uint8_t { abort, reset };
struct BarrierChange {
  BarrierOrder order = BarrierOrder::abort;
};
struct BarrierExpired {
  std::uint64_t waiting = 0;
};
struct BarrierLook {};
struct BarrierLooks {
  std::uint64_t parties = 0;
  std::uint64_t waiting = 0;
  bool broken = false;
};
/// Which of the parties the caller was, from 0; or that there is no passing.
struct BarrierPassed {
  std::uint64_t index = 0;
  bool broken = false;
};

/// The actor behind a barrier.
class BarrierOwner final : public Actor<BarrierOwner, BarrierArrive, BarrierChange, BarrierExpired, BarrierLook, Down> {
 public:
  /// @throws Misuse  no parties
  explicit BarrierOwner(std::uint64_t parties);
  Future<BarrierPassed> on(const BarrierArrive& arrive);
  void on(const BarrierChange& change);
  void on(const BarrierExpired& expired);
  BarrierLooks on(const BarrierLook&) const { return {parties_, waiting_.size(), broken_}; }
  void on(const Down& down);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Ref<Presence> process;
    Promise<BarrierPassed> done;
    TimerHandle timer;
  };
  void release(bool broken);

  const std::uint64_t parties_;
  bool broken_ = false;
  std::deque<Waiting> waiting_;
  std::vector<Ref<Presence>> known_;
  std::uint64_t last_number_ = 0;
};

}  // namespace detail

/// A meeting point for a number of parties, again and again. A handle: cheap to copy; may be an argument, a member, part of a
/// message.
///
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed.
/// Threads:  safe. Empty (default constructed): every member throws Misuse.
class Barrier : public detail::OwnerHandle<detail::BarrierOwner> {
 public:
  Barrier() noexcept = default;
  /// @throws Misuse  no parties
  Barrier(Node& node, std::uint64_t parties, PatternOptions options = {});

  /// Waits without limit until as many wait as there are parties. @returns which of them the caller was, from 0
  /// @throws BrokenBarrier  aborted, or one of the waiting gave up or died
  /// @throws Closed, ActorDied  the owner has ended, or its process died
  std::uint64_t arrive_and_wait() const { return arrive_and_wait_for(forever); }
  /// The same; who has waited for `patience` breaks the barrier, for all.
  std::uint64_t arrive_and_wait_for(Duration patience) const;
  /// Breaks it: all who wait, and all who come, get BrokenBarrier.
  void abort() const;
  /// It is whole again; who waits gets BrokenBarrier.
  void reset() const;
  [[nodiscard]] std::uint64_t parties() const;
  [[nodiscard]] std::uint64_t waiting() const;
  [[nodiscard]] bool broken() const;
};

}  // namespace troupe
