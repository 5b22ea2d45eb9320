// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages that an actor sends to itself later.
#pragma once

#include <memory>
#include <utility>

#include <troupe/actor/protocol.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>

namespace troupe {

namespace detail {

class ActorTimer;

/// Hands an actor the message that it once gave, without their types.
class LaterMessage {
 public:
  virtual ~LaterMessage() = default;
  virtual void handle_by(void* actor, const Turn& turn) = 0;
};

template <class A, class M>
class TypedLaterMessage final : public LaterMessage {
 public:
  explicit TypedLaterMessage(M message) : message_{std::move(message)} {}
  void handle_by(void* actor, const Turn& turn) override {
    M message{message_};
    handle(*static_cast<A*>(actor), message, turn);
  }

 private:
  const M message_;
};

/// @param period  zero: once
[[nodiscard]] std::shared_ptr<ActorTimer> start_timer(LocalCell& cell, Duration delay, Duration period,
                                                      std::unique_ptr<LaterMessage> message);
void cancel_timer(ActorTimer& timer);

}  // namespace detail

/// A timer of an actor. Dropping it cancels nothing.
///
/// Threads: used by its actor only.
class TimerHandle {
 public:
  TimerHandle() noexcept = default;
  explicit TimerHandle(std::weak_ptr<detail::ActorTimer> timer) noexcept : timer_{std::move(timer)} {}
  /// The message never comes (again), also when its time has passed and its turn has not.
  void cancel() {
    if (const auto timer = timer_.lock()) detail::cancel_timer(*timer);
  }

 private:
  std::weak_ptr<detail::ActorTimer> timer_;
};

}  // namespace troupe
