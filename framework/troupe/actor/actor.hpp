// troupe: actors in processes. Apache-2.0, see LICENSE.
// The base of actors: names their messages, and what a turn may use.
#pragma once

#include <memory>
#include <utility>

#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/actor/protocol.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/actor/task.hpp>
#include <troupe/actor/timer.hpp>
#include <troupe/node/node.hpp>

namespace troupe {

namespace detail {

/// What all actors share, without their messages.
class ActorBase {
 public:
  ActorBase(const ActorBase&) = delete;
  ActorBase& operator=(const ActorBase&) = delete;

 protected:
  /// @throws Misuse  not made by `spawn`
  ActorBase();
  ~ActorBase() = default;

  [[nodiscard]] LocalCell& troupe_cell() const noexcept { return *cell_; }

 private:
  LocalCell* const cell_;
};

[[nodiscard]] Node& node_of(const LocalCell& cell);

}  // namespace detail

/// The base of an actor's class: `class Counter : public troupe::Actor<Counter, Add, Get>`. The list names what it takes; an
/// overload of `on` handles each, and the type that it returns is the type of the answer. An exception out of a handler that
/// answers an ask is the answer; out of any other it ends the actor.
///
/// Lifetime: made by `spawn`; lives until `stop`, its parent's or its node's end.
/// Threads: one message at a time; not always on the same thread.
template <class Self, class... Messages>
class Actor : public detail::ActorBase {
 public:
  using TroupeProtocol = detail::Protocol<Messages...>;

  /// For `spawn`.
  void troupe_start() { on_start(); }
  void troupe_stopping() { on_stop(); }

 protected:
  /// The first turn, before any message.
  virtual void on_start() {}
  /// The last turn, after the children's end; not after a failure or `kill`.
  virtual void on_stop() {}
  virtual ~Actor() = default;  // protected: only `spawn` ends what it made

  /// Itself. Also in the constructor.
  [[nodiscard]] Ref<Self> self() const { return Ref<Self>{detail::CellPointer{&troupe_cell()}}; }
  [[nodiscard]] Node& node() const { return detail::node_of(troupe_cell()); }
  /// Starts a child: it ends before this actor does.
  template <class A, class... Args>
  Ref<A> spawn(Args&&... args) {
    return node().template spawn<A>(std::forward<Args>(args)...);
  }
  /// Has `message` handled by this actor after `delay`, to the millisecond, never early. Ends with the actor.
  template <class M>
  TimerHandle send_after(Duration delay, M message) {
    return start<M>(delay, Duration::zero(), std::move(message));
  }
  /// The same after each `period`; a beat whose turn comes too late is left out.
  /// @throws Misuse  `period` is not positive
  template <class M>
  TimerHandle every(Duration period, M message) {
    if (period <= Duration::zero()) throw Misuse{"every: the period must be positive"};
    return start<M>(period, period, std::move(message));
  }

  /// Has this actor's `on(const Down&)` called once when the actor behind `ref` (a Ref or Recipient) has ended, also if it has already.
  /// Each call is a watch of its own. Also in the constructor. Ends with this actor.
  /// @throws Misuse  the ref names nobody
  template <class Named>
  requires detail::NamesActor<Named>
  void watch(const Named& ref) {
    static_assert(TroupeProtocol::template contains<Down>, "an actor that watches has Down in its list: Actor<Self, ..., troupe::Down>");
    detail::watch(troupe_cell(), ref.pointer(), &detail::tell_down<Self>);
  }
  /// Ends all watches of `ref`: no Down comes any more, also of an end that has happened.
  /// @throws Misuse  the ref names nobody
  template <class Named>
  requires detail::NamesActor<Named>
  void unwatch(const Named& ref) { detail::unwatch(troupe_cell(), ref.pointer()); }

  /// Ends this actor after the running turn; what waits in the mailbox is dead letters.
  void stop() { troupe_cell().begin_end(detail::EndReason::normal); }

 private:
  template <class M>
  TimerHandle start(Duration delay, Duration period, M message) {
    static_assert(TroupeProtocol::template contains<M>, "this message is not in the actor's list: Actor<Self, Messages...>");
    return TimerHandle{
        detail::start_timer(troupe_cell(), delay, period, std::make_unique<detail::TypedLaterMessage<Self, M>>(std::move(message)))};
  }
};

}  // namespace troupe
