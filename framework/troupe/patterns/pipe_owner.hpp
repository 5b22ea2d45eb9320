// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a pipe: who has which end, and what becomes of the other one when somebody closes his or dies.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/holder.hpp>
#include <troupe/patterns/queue_messages.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

// Every move of an end has a number, one more than the move before. What is said of an earlier one comes too late.

/// The process has the end in its hands.
struct PipeClaim {
  std::uint8_t end = 0;
  std::uint64_t move = 0;
  Ref<Presence> holder;
};
/// The process has put the end into a message.
struct PipeGive {
  std::uint8_t end = 0;
  std::uint64_t move = 0;
  Ref<Presence> giver;
};
/// That message is for the actor whose address this is.
struct PipeGoesTo {
  std::uint8_t end = 0;
  std::uint64_t move = 0;
  Ref<Presence> taker;
};
/// It has not arrived, and will not.
struct PipeLost {
  std::uint8_t end = 0;
  std::uint64_t move = 0;
};
struct PipeClose {
  std::uint8_t end = 0;
  std::uint64_t move = 0;
};
struct PipeLook {};
/// Why the ends are closed, so far as they have not been in order.
struct PipeLooks {
  std::array<std::optional<ErrorInfo>, 2> causes;
};

/// What comes out of an end was put into the queue of the other: `queues[0]` takes what end 0 sends.
class PipeOwner final : public Actor<PipeOwner, PipeClaim, PipeGive, PipeGoesTo, PipeLost, PipeClose, PipeLook, Down> {
 public:
  using Queues = std::array<Recipient<QueueClose>, 2>;
  PipeOwner(Queues queues, const Ref<Presence>& maker, Duration claim_within, std::string name);

  void on(const PipeClaim& claim);
  void on(const PipeGive& give);
  void on(const PipeGoesTo& goes);
  void on(const PipeLost& lost);
  void on(const PipeClose& close);
  void on(const Down& down);
  PipeLooks on(const PipeLook&) const;

 private:
  enum class State : std::uint8_t { held, moving, closed };
  struct End {
    State state = State::held;
    std::uint64_t move = 0;
    Ref<Presence> holder;  // while it moves: who gave it
    Ref<Presence> taker;   // while it moves: an actor, if that is known
    TimerHandle timer;
    std::optional<ErrorInfo> cause;
  };

  [[nodiscard]] End* open_end(std::uint8_t end);
  void know(const Ref<Presence>& process);
  void forget_taker(End& end);
  void close(End& end, std::optional<ErrorInfo> cause);

  const Queues queues_;
  const Duration claim_within_;
  const std::string name_;
  std::array<End, 2> ends_;
  std::vector<Ref<Presence>> known_;  // and watched
};

}  // namespace troupe::detail
