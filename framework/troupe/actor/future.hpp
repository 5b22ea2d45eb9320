// troupe: actors in processes. Apache-2.0, see LICENSE.
// The answer to an ask, before it is there.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/wire/result.hpp>

namespace troupe {

template <class T>
class Future;

namespace detail {

/// Waits until `state` is settled or `until`. @returns whether it is
bool wait_for(FutureState& state, TimePoint until);
/// The same for `patience`.
bool wait_for(FutureState& state, Duration patience);
[[noreturn]] void raise_no_future();
[[noreturn]] void raise_not_ready();

/// Runs a callback as a turn of the actor that attached it, or on the callback thread.
class CallbackBase : public Continuation {
 public:
  CallbackBase();
  ~CallbackBase() override;
  void settled(std::unique_ptr<Continuation> self, FutureState& state) final;
  [[nodiscard]] bool holds_back() const final;

 private:
  CellPointer actor_;  // none: the callback thread
  std::uint32_t incarnation_;
};

template <class T, class F>
class Callback final : public CallbackBase {
 public:
  explicit Callback(F function) : function_{std::move(function)} {}
  void call(FutureState& state) override { function_(static_cast<TypedState<T>&>(state).result()); }

 private:
  F function_;
};

}  // namespace detail

/// A value that somebody else will bring, or the error that takes its place. Ends exactly once; dropping it cancels nothing.
///
/// Lifetime: may outlive the node, and then ends as `closed`.
/// Threads: distinct futures may be used from distinct threads.
template <class T>
class [[nodiscard]] Future {
 public:
  /// Empty: every member but `valid` throws Misuse.
  Future() noexcept = default;
  explicit Future(detail::Counted<detail::TypedState<T>> state) noexcept : state_{std::move(state)} {}
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;

  /// For `co_await`.
  [[nodiscard]] detail::FutureState& shared_state() const { return state(); }

  [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(state_); }
  /// Whether `get` would return or throw at once.
  [[nodiscard]] bool ready() const { return state().settled(); }

  /// Waits for the value and takes it out; the future is empty then.
  /// @throws Timeout    the call's own deadline passed; `executed()` is unknown
  /// @throws Closed, ActorDied, RemoteError, ...  what took the value's place
  /// Blocks: the calling thread reads the node's inbox meanwhile, in a handler other actors go on.
  T get() {
    (void)detail::wait_for(state(), TimePoint::max());
    return take();
  }
  /// The same, but waits for at most `patience`.
  /// @throws Timeout    nothing came within `patience`; the future stays as it is and can be waited for again
  T get(Duration patience) {
    if (!wait_for(patience)) detail::raise_not_ready();
    return take();
  }
  /// Waits for at most `patience`. @returns whether it is ready
  bool wait_for(Duration patience) const { return detail::wait_for(state(), patience); }
  void wait() const { (void)detail::wait_for(state(), TimePoint::max()); }

  /// Waits, and returns what came without throwing it; the future is empty then.
  [[nodiscard]] Result<T> result() {
    wait();
    return std::exchange(state_, {})->result();
  }

  /// Calls `function(Result<T>)` once when ready: in a handler as a turn of that actor (not at all if it has ended by then),
  /// elsewhere on the node's callback thread. The future is ready after its callbacks on that thread have run.
  template <class F>
  requires std::is_invocable_v<F, Result<T>>
  void then(F function) { state().attach(std::make_unique<detail::Callback<T, F>>(std::move(function))); }

  /// Gives up: an ask not yet begun never is; of one under way the answer is dropped.
  /// @returns true: it ends as `cancelled`; false: it had ended already
  bool cancel() { return state().cancel(); }

 private:
  [[nodiscard]] detail::TypedState<T>& state() const {
    if (!state_) detail::raise_no_future();
    return *state_;
  }
  T take() {
    auto state = std::exchange(state_, {});
    if constexpr (std::is_void_v<T>) {
      (void)state->take();
    } else {
      return state->take();
    }
  }

  detail::Counted<detail::TypedState<T>> state_;
};

}  // namespace troupe
