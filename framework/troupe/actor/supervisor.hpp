// troupe: actors in processes. Apache-2.0, see LICENSE.
// Actors that come back: a supervisor makes its children anew when they end, by a strategy, and gives up in time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <troupe/actor/ref.hpp>
#include <troupe/actor/spawn.hpp>
#include <troupe/actor/supervisor_actor.hpp>
#include <troupe/actor/supervisor_options.hpp>
#include <troupe/node/node.hpp>

namespace troupe {

/// A handle to an actor that keeps others going. A child that ends is made anew from the arguments it was first made of; refs to it
/// stay valid, its mailbox and watchers stay, asks to it wait. Its timers, its own children and its handlers under way are gone.
/// With more than `max_restarts` within `within` the supervisor gives up: the supervisor above decides; without one it ends its
/// children in reverse order of their start, and fails. Asks to them then end as ActorDied, with the reason.
///
/// Lifetime: a copyable value; the supervisor itself ends by `stop`, or with the actor that made it or the node.
/// Threads: safe. Not to be used in the constructor of one of its own children.
class Supervisor {
 public:
  /// Made in an actor: that actor's child.
  /// @throws Misuse  `within` or a pause is negative
  explicit Supervisor(Node& node, const SupervisorOptions& options = {});

  /// Starts a child, restarted after every end.
  /// @param place  `here`, or where its process is started each time; left out: here
  /// @param args   copied, and copied again for every restart
  /// @returns its ref, valid over restarts
  /// @throws whatever its first constructor throws here; nothing was started
  /// @throws Closed, ActorDied  the supervisor has ended or is being restarted; nothing was started
  /// Blocks until it has begun.
  template <class A, class... Args>
  Ref<A> spawn(Place place, Args&&... args) {
    return start<A>(ChildOptions{}, place, std::forward<Args>(args)...);
  }
  template <class A, class... Args>
  Ref<A> spawn(Args&&... args) {
    return start_here<A>(ChildOptions{}, std::forward<Args>(args)...);
  }
  template <class A, class... Args>
  Ref<A> spawn(const ChildOptions& options, Place place, Args&&... args) {
    return start<A>(options, place, std::forward<Args>(args)...);
  }

  /// Starts a supervisor as a child: when it gives up, it is restarted with all its children, and counts as one restart.
  /// @throws as `spawn`
  [[nodiscard]] Supervisor spawn_supervisor(const SupervisorOptions& options = {}, const ChildOptions& child = {});

  /// Ends a child for good, behind what the caller told it before.
  template <class A>
  void stop(const Ref<A>& child) const {
    end_child(child.pointer());
  }
  /// Ends the supervisor: its children first, in reverse order of their start.
  void stop() const;

  /// How often it has restarted a child or a group of them.
  [[nodiscard]] std::uint64_t restarts() const noexcept { return restarts_->load(); }
  /// For `watch`.
  [[nodiscard]] Ref<detail::SupervisorActor> ref() const { return Ref<detail::SupervisorActor>{detail::CellPointer{cell_.get()}}; }

 private:
  Supervisor() = default;
  template <class A, class... Args>
  Ref<A> start_here(const ChildOptions& options, Args&&... args);
  template <class A, class... Args>
  Ref<A> start(const ChildOptions& options, Place place, Args&&... args);
  [[nodiscard]] detail::CellPointer begin(std::shared_ptr<const detail::ChildRecipe> spec) const;
  void end_child(const detail::CellPointer& child) const;

  detail::Counted<detail::LocalCell> cell_;
  std::shared_ptr<std::atomic<std::uint64_t>> restarts_;
};

template <class A, class... Args>
Ref<A> Supervisor::start_here(const ChildOptions& options, Args&&... args) {
  using Stored = std::tuple<detail::Travelling<Args>...>;
  static_assert((std::is_copy_constructible_v<detail::Travelling<Args>> && ...),
                "a supervised actor is made again from copies of its arguments: they must be copyable");
  static_assert(std::is_constructible_v<A, detail::Travelling<Args>...>,
                "the actor has no public constructor that takes these arguments by value");
  auto spec = std::make_shared<detail::ChildRecipe>();
  spec->name = detail::type_name<A>().name;
  spec->options = options;
  spec->behaviour = &detail::behaviour_of<A>();
  spec->construct = [stored = Stored(std::forward<Args>(args)...)]() -> void* {
    Stored copy{stored};
    return std::apply([](auto&... each) { return detail::make_actor<A>(std::move(each)...); }, copy);
  };
  return Ref<A>{begin(std::move(spec))};
}

template <class A, class... Args>
Ref<A> Supervisor::start(const ChildOptions& options, Place place, Args&&... args) {
  if (place == here) return start_here<A>(options, std::forward<Args>(args)...);
  auto spec = std::make_shared<detail::ChildRecipe>();
  spec->name = detail::type_name<A>().name;
  spec->options = options;
  spec->place = place;
  static_cast<void>(&detail::ProcessActor<A, detail::Travelling<Args>...>::entry);
  spec->entry = &detail::ProcessActor<A, detail::Travelling<Args>...>::run;
  detail::encode(spec->arguments, std::tuple<detail::Travelling<Args>...>(std::forward<Args>(args)...));
  return Ref<A>{begin(std::move(spec))};
}

}  // namespace troupe
