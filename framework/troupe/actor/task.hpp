// troupe: actors in processes. Apache-2.0, see LICENSE.
// Handlers that await: while one waits for an answer, its actor takes other messages.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <troupe/actor/future.hpp>
#include <troupe/actor/protocol.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/future_state.hpp>

namespace troupe {

template <class T>
class [[nodiscard]] Task;

namespace detail {

/// One handler that awaits, with everything it stands on: its message, its frame, who asked.
///
/// Lifetime: attached to its actor; frames are resumed and destroyed in the actor's turns only.
class RunningTask : public Attachment, public std::enable_shared_from_this<RunningTask> {
 public:
  explicit RunningTask(const Turn& turn);
  ~RunningTask() override;
  RunningTask(const RunningTask&) = delete;
  RunningTask& operator=(const RunningTask&) = delete;

  /// Runs the handler until it awaits or ends; keeps it with its actor in the first case. In a turn.
  void start(std::coroutine_handle<> frame);
  void actor_ends() noexcept override;
  [[nodiscard]] bool under_way() const noexcept override { return true; }

  /// Goes on with `frame` in a turn of the actor once `state` is settled.
  void resume_when(FutureState& state, std::coroutine_handle<> frame);
  /// The same after `pause`.
  void resume_after(Duration pause, std::coroutine_handle<> frame);

 protected:
  /// Answers with what the finished frame holds, or throws what it threw.
  virtual void answer(const Turn& turn) = 0;

 private:
  class Resumption;
  class Await;
  class Pause;
  void resume(std::coroutine_handle<> frame);
  void finish();
  void destroy_frame() noexcept;
  class Scope;

  LocalCell& cell_;  // outlives us: it ends its attachments first
  Counted<FutureState> asker_;
  std::shared_ptr<Session> session_;
  const std::uint64_t ask_id_;
  const std::uint64_t number_;     // within this process: who holds what the handler has locked
  std::coroutine_handle<> frame_;  // of the handler; null once destroyed
  std::shared_ptr<Pause> pause_;   // that it awaits
};

/// Frames of handlers that exist just now, in this process; for tests.
[[nodiscard]] std::size_t running_tasks() noexcept;

struct TaskPromiseBase {
  RunningTask* task = nullptr;
  std::coroutine_handle<> awaiting;  // the task that awaits this one
  std::exception_ptr thrown;

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] auto final_suspend() const noexcept {
    struct Back {
      std::coroutine_handle<> to;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      [[nodiscard]] std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
        return to ? to : std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    return Back{awaiting};
  }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class Value>
  void return_value(Value&& returned) {
    value.emplace(std::forward<Value>(returned));
  }
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
};
template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

struct PauseFor {
  Duration pause;
};

}  // namespace detail

/// What a handler returns that awaits: `troupe::Task<int> on(Total total)`. It may `co_await` futures (`co_await
/// ref.ask<Price>(item)`), `sleep_for` and other tasks; between those it is alone in its actor, at them others get their turns.
///
/// Take the message by value, or by reference: it lives until the task has ended. The task ends with its actor: its frames
/// are then destroyed, and who asked is told `closed` or `died`.
/// Threads: runs in turns of its actor only.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;

  Task(Task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// For `co_await` in another task.
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  [[nodiscard]] std::coroutine_handle<> await_suspend(std::coroutine_handle<P> awaiting) noexcept {
    frame_.promise().task = awaiting.promise().task;
    frame_.promise().awaiting = awaiting;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

  [[nodiscard]] std::coroutine_handle<promise_type> release() noexcept { return std::exchange(frame_, nullptr); }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}
  std::coroutine_handle<promise_type> frame_;
};

/// `co_await sleep_for(10ms)` in a Task: the actor goes on meanwhile.
[[nodiscard]] inline detail::PauseFor sleep_for(Duration pause) { return {pause}; }

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<TaskPromise<T>>::from_promise(*this)};
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<TaskPromise<void>>::from_promise(*this)};
}

template <class T>
struct FutureAwaiter {
  Future<T> future;
  [[nodiscard]] bool await_ready() const { return future.ready(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> frame) {
    frame.promise().task->resume_when(future.shared_state(), frame);
  }
  T await_resume() { return future.get(); }
};

struct PauseAwaiter {
  Duration pause;
  [[nodiscard]] bool await_ready() const noexcept { return pause <= Duration::zero(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> frame) {
    frame.promise().task->resume_after(pause, frame);
  }
  void await_resume() const noexcept {}
};

inline PauseAwaiter operator co_await(PauseFor pause) { return {pause.pause}; }

/// The task of a handler for `M`, which it keeps.
template <class A, class M>
class HandlerTask final : public RunningTask {
 public:
  HandlerTask(M&& message, const Turn& turn) : RunningTask{turn}, message_{std::move(message)} {}
  void run(A& actor) {
    frame_ = call_handler(actor, message_).release();
    frame_.promise().task = this;
    start(frame_);
  }

 private:
  using R = Reply<A, M>;
  void answer(const Turn& turn) override {
    if constexpr (std::is_void_v<R>) {
      frame_.promise().take();
      reply<void>(turn, std::monostate{});
    } else {
      reply<R>(turn, frame_.promise().take());
    }
  }

  M message_;
  std::coroutine_handle<TaskPromise<R>> frame_;
};

template <class A, class M>
void begin_task(A& actor, M& message, const Turn& turn) {
  std::make_shared<HandlerTask<A, M>>(std::move(message), turn)->run(actor);
}

}  // namespace detail

/// Awaits an ask in a Task.
template <class T>
[[nodiscard]] detail::FutureAwaiter<T> operator co_await(Future<T>&& future) {
  return {std::move(future)};
}

}  // namespace troupe
