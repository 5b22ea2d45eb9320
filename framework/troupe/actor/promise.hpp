// troupe: actors in processes. Apache-2.0, see LICENSE.
// An answer that comes later: a handler keeps the promise and returns its future.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <troupe/actor/future.hpp>
#include <troupe/actor/protocol.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/wire/error.hpp>

namespace troupe {

namespace detail {

/// The node of the running turn, else the only one of this process. @throws Misuse  there is none, or several
[[nodiscard]] NodeCore& promising_node();
/// Ends the future of a promise that nobody keeps any more.
void drop_promise(FutureState& state) noexcept;
[[noreturn]] void raise_no_promise();
[[noreturn]] void raise_future_taken();

/// Stands at the future that a handler returned, and answers whoever asked.
class AnswerLater : public Continuation {
 public:
  explicit AnswerLater(const Turn& turn);
  ~AnswerLater() override;
  void settled(std::unique_ptr<Continuation> self, FutureState& state) final;
  void call(FutureState&) final {}
  [[nodiscard]] bool wanted() final;

 protected:
  /// Answers with the value of `state`.
  virtual void answer(FutureState& state, const Turn& turn) = 0;

 private:
  const Counted<LocalCell> cell_;  // the actor may have ended, and its cell with the last ref
  const Counted<FutureState> asker_;
  const std::shared_ptr<Session> session_;
  const std::uint64_t ask_id_;
  bool given_up_ = false;
};

template <class R>
void answer_with(TypedState<R>& state, const Turn& turn) {
  if (state.error() != nullptr) {
    turn.fail(state.error());
  } else {
    reply<R>(turn, state.take());
  }
}

template <class R>
class TypedAnswerLater final : public AnswerLater {
 public:
  using AnswerLater::AnswerLater;

 private:
  void answer(FutureState& state, const Turn& turn) override { answer_with(static_cast<TypedState<R>&>(state), turn); }
};

template <class R>
void answer_later(Future<R>&& future, const Turn& turn) {
  auto& state = static_cast<TypedState<R>&>(future.shared_state());
  if (!turn.asked()) return;
  if (state.settled()) {
    answer_with(state, turn);
  } else {
    state.attach(std::make_unique<TypedAnswerLater<R>>(turn));
  }
}

}  // namespace detail

/// Brings the value of one future, once. A handler that cannot answer yet keeps a promise and returns its future: who asked
/// has the answer when the promise is kept, and the actor takes other messages meanwhile.
///
///     troupe::Future<int> on(const Get&) { return waiting_.emplace_back().future(); }
///     void on(const Put& put) { waiting_.front().set_value(put.number); ... }
///
/// Lifetime: dropped before it is kept, its future ends as `closed`; with its actor, as asks to that actor do.
/// Threads: one at a time, any.
template <class T>
class Promise {
 public:
  /// @throws Misuse  outside of handlers: this process has no node, or several
  Promise() : state_{detail::Counted<detail::TypedState<T>>::adopt(detail::TypedState<T>::make(detail::promising_node()))} {}
  Promise(Promise&& other) noexcept : state_{std::move(other.state_)}, taken_{other.taken_} {}
  Promise& operator=(Promise&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~Promise() {
    if (state_) detail::drop_promise(*state_);
  }

  /// @throws Misuse  it was taken before, or the promise was kept
  [[nodiscard]] Future<T> future() {
    (void)state();
    if (std::exchange(taken_, true)) detail::raise_future_taken();
    return Future<T>{state_};
  }

  /// Keeps it; whoever waits goes on. @throws Misuse  it was kept before
  template <class Value>
  requires(!std::is_void_v<T> && std::is_constructible_v<T, Value>) void set_value(Value&& value) {
    (void)state();
    std::exchange(state_, {})->fulfil(std::forward<Value>(value));
  }
  void set_value() requires std::is_void_v<T> {
    (void)state();
    std::exchange(state_, {})->fulfil(std::monostate{});
  }
  /// Ends the future with an error: the asker gets it as it is, here and in other processes. @throws Misuse  it was kept before
  void set_error(std::shared_ptr<const ErrorInfo> error) {
    (void)state();
    std::exchange(state_, {})->fail(std::move(error));
  }
  void set_error(const Error& error) { set_error(error.info()); }

  /// Whether anybody can still get the value. False once the future was cancelled, or the answer's asker has given up or is
  /// known to be dead.
  [[nodiscard]] bool wanted() const { return state().wanted(); }
  /// Whether it is still to be kept.
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

 private:
  [[nodiscard]] detail::TypedState<T>& state() const {
    if (!state_) detail::raise_no_promise();
    return *state_;
  }

  detail::Counted<detail::TypedState<T>> state_;
  bool taken_ = false;
};

namespace detail {

template <class T, class Value>
[[nodiscard]] Future<T> settled_future(NodeCore& node, Value&& value) {
  auto state = Counted<TypedState<T>>::adopt(TypedState<T>::make(node));
  state->fulfil(std::forward<Value>(value));
  return Future<T>{std::move(state)};
}

}  // namespace detail

/// A future that has ended already.
template <class T>
[[nodiscard]] Future<std::decay_t<T>> ready_future(T&& value) {
  return detail::settled_future<std::decay_t<T>>(detail::promising_node(), std::forward<T>(value));
}
[[nodiscard]] Future<void> ready_future();
template <class T>
[[nodiscard]] Future<T> failed_future(std::shared_ptr<const ErrorInfo> error) {
  Promise<T> promise;
  auto future = promise.future();
  promise.set_error(std::move(error));
  return future;
}

}  // namespace troupe
