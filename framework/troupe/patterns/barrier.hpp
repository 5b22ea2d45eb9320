// troupe: actors in processes. Apache-2.0, see LICENSE.
// A barrier between threads, actors and processes: nobody goes on before all have come.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/holder.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/wire/error.hpp>

namespace troupe {

namespace detail {

/// What the action of a barrier changes: nothing of the barrier's.
struct BarrierRound {};
template <class F>
struct BarrierCall {
  template <class... Args>
  void operator()(BarrierRound&, Args&... args) const {
    F{}(args...);
  }
};

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
/// The actor behind a barrier.
class BarrierOwner final : public Actor<BarrierOwner, BarrierArrive, BarrierChange, BarrierExpired, BarrierLook, Down> {
 public:
  /// @throws Misuse  no parties
  BarrierOwner(std::uint64_t parties, std::optional<Step> action, std::string name);
  /// Which of the parties it was, from 0.
  Future<std::uint64_t> on(const BarrierArrive& arrive);
  void on(const BarrierChange& change);
  void on(const BarrierExpired& expired);
  BarrierLooks on(const BarrierLook&) const { return {parties_, waiting_.size(), broken_ != nullptr}; }
  void on(const Down& down);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Ref<Presence> process;
    Promise<std::uint64_t> done;
    TimerHandle timer;
  };
  void pass();
  void break_up(const std::string& why);

  const std::uint64_t parties_;
  const std::optional<Step> action_;
  const std::string name_;
  std::shared_ptr<const ErrorInfo> broken_;  // what who comes is told; null: it is whole
  std::deque<Waiting> waiting_;
  std::vector<Ref<Presence>> known_;
  std::uint64_t last_number_ = 0;
};

}  // namespace detail

/// What is done each time that all have come, before anybody goes on; made by `on_completion`.
class BarrierAction {
 public:
  explicit BarrierAction(detail::Step step) : step_{std::move(step)} {}
  [[nodiscard]] const detail::Step& step() const noexcept { return step_; }

 private:
  detail::Step step_;
};

/// `f(args...)`, run in the node where the barrier's owner lives: `Barrier barrier{node, 3, on_completion<add_up>(sums)}`.
template <auto f, class... Args>
[[nodiscard]] BarrierAction on_completion(Args&&... args) {
  using Call = detail::BarrierCall<detail::FunctionOf<f>>;
  return BarrierAction{detail::StepOf<detail::BarrierRound, Call, std::decay_t<Args>...>::make(std::forward<Args>(args)...)};
}

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
  /// The same with an action; one that throws breaks the barrier.
  Barrier(Node& node, std::uint64_t parties, const BarrierAction& action, PatternOptions options = {});

  /// Waits without limit until as many wait as there are parties. @returns which of them the caller was, from 0
  /// @throws BrokenBarrier  aborted, or one of the waiting gave up or died, or the action threw: its text is in ours
  /// @throws Closed, ActorDied  the owner has ended, or its process died
  std::uint64_t arrive_and_wait() const { return arrive_and_wait_for(forever); }
  /// The same; who has waited for `patience` breaks the barrier, for all.
  std::uint64_t arrive_and_wait_for(Duration patience) const;
  /// The same without blocking: for `co_await`.
  [[nodiscard]] Future<std::uint64_t> arrive_async(Duration patience = forever) const;
  /// Breaks it: all who wait, and all who come, get BrokenBarrier.
  void abort() const;
  /// It is whole again; who waits gets BrokenBarrier.
  void reset() const;
  [[nodiscard]] std::uint64_t parties() const;
  [[nodiscard]] std::uint64_t waiting() const;
  [[nodiscard]] bool broken() const;
};

}  // namespace troupe
