// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pipe_owner.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

PipeOwner::PipeOwner(Queues queues, const Ref<Presence>& maker, Duration claim_within, std::string name)
    : queues_{std::move(queues)}, claim_within_{claim_within}, name_{std::move(name)} {
  know(maker);
  for (End& end : ends_) end.holder = maker;
}

PipeOwner::End* PipeOwner::open_end(std::uint8_t end) {
  return end < ends_.size() && ends_[end].state != State::closed ? &ends_[end] : nullptr;
}

// Its death is heard of from now on.
void PipeOwner::know(const Ref<Presence>& process) {
  if (std::find(known_.begin(), known_.end(), process) != known_.end()) return;
  known_.push_back(process);
  watch(process);
}

void PipeOwner::forget_taker(End& end) {
  const Ref<Presence> taker = std::exchange(end.taker, {});
  if (!taker || taker == ends_[0].taker || taker == ends_[1].taker) return;
  std::erase(known_, taker);
  unwatch(taker);
}

void PipeOwner::on(const PipeClaim& claim) {
  End* end = open_end(claim.end);
  if (end == nullptr || claim.move < end->move) return;
  end->timer.cancel();
  forget_taker(*end);
  end->state = State::held;
  end->move = claim.move;
  end->holder = claim.holder;
  know(claim.holder);
}

void PipeOwner::on(const PipeGive& give) {
  End* end = open_end(give.end);
  if (end == nullptr || give.move <= end->move) return;  // claimed before we hear that it was given
  end->state = State::moving;
  end->move = give.move;
  end->holder = give.giver;
  end->taker = {};
  know(give.giver);
  end->timer = send_after(claim_within_, PipeLost{give.end, give.move});
}

void PipeOwner::on(const PipeGoesTo& goes) {
  End* end = open_end(goes.end);
  if (end == nullptr || goes.move != end->move || end->state != State::moving) return;
  end->taker = goes.taker;
  know(goes.taker);
}

void PipeOwner::on(const PipeClose& closed) {
  End* end = open_end(closed.end);
  if (end == nullptr || closed.move < end->move) return;
  close(*end, std::nullopt);
}

void PipeOwner::on(const PipeLost& lost) {
  End* end = open_end(lost.end);
  if (end == nullptr || lost.move != end->move || end->state != State::moving) return;
  close(*end, make_error(ErrorType::closed, "the end of the pipe '" + name_ + "' was sent away and has not arrived"));
}

// A process that has ended in order has closed what it held, and what it had sent has arrived.
void PipeOwner::on(const Down& down) {
  std::erase_if(known_, [&](const auto& process) { return down.is(process); });
  const bool in_order = down.reason == Exit::normal;
  for (End& end : ends_) {
    if (end.state == State::closed) continue;
    const bool moving = end.state == State::moving;
    if (moving && down.is(end.taker)) {
      close(end, down.error);
    } else if (down.is(end.holder) && !(moving && down.reason != Exit::killed)) {
      close(end, in_order ? std::nullopt : std::optional{down.error});
    }
  }
}

PipeLooks PipeOwner::on(const PipeLook&) const { return {{ends_[0].cause, ends_[1].cause}}; }

// What was sent from this end is still received at the other, which cannot send any more.
void PipeOwner::close(End& end, std::optional<ErrorInfo> cause) {
  end.timer.cancel();
  end.state = State::closed;
  end.cause = std::move(cause);
  end.holder = {};
  forget_taker(end);
  for (const auto& queue : queues_) queue.tell(QueueClose{});
  if (ends_[0].state != State::closed || ends_[1].state != State::closed) return;
  for (const auto& queue : queues_) stop_actor(*queue.pointer());
  stop();
}

}  // namespace troupe::detail
