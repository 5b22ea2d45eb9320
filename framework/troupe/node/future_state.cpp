// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/future_state.hpp>

#include <troupe/node/core.hpp>
#include <troupe/node/parker.hpp>
#include <troupe/node/session.hpp>

namespace troupe::detail {

void FutureState::fail(std::shared_ptr<const ErrorInfo> error) {
  if (!claim()) return;
  error_ = std::move(error);
  settle();
}

bool FutureState::wanted() {
  if (claimed()) return false;
  const std::lock_guard lock{mutex_};
  if (continuations_ == nullptr) return true;
  for (Continuation* each = continuations_.get(); each != nullptr; each = each->next_.get())
    if (each->wanted()) return true;
  return false;
}

bool FutureState::cancel() {
  const auto way = ask_id_ == 0 ? nullptr : node_.pending().session_of(ask_id_);
  if (!claim()) return false;
  error_ = std::make_shared<const ErrorInfo>(make_error(ErrorType::cancelled, "the call was cancelled", Executed::unknown));
  settle();
  if (way != nullptr) way->cancel(ask_id_);
  return true;
}

void FutureState::fulfil_encoded(std::span<const std::byte> payload) {
  if (!claim()) return;
  try {
    decode_value(payload);
  } catch (const Error& malformed) {
    error_ = malformed.info();
  } catch (const std::exception& failure) {
    ErrorInfo info = make_error(ErrorType::malformed, "the answer could not be decoded", Executed::yes);
    info.cause = std::make_shared<const ErrorInfo>(make_error(ErrorType::malformed, failure.what()));
    error_ = std::make_shared<const ErrorInfo>(std::move(info));
  }
  settle();
}

void FutureState::expire_at(TimePoint deadline) {
  deadline_ = deadline;
  if (deadline == TimePoint::max()) return;
  timed_ = true;
  hold();
  node_.timers().schedule(*this, deadline);
}

void FutureState::forget_deadline() {
  if (timed_ && node_.timers().cancel(*this)) drop();
}

void FutureState::fire() {
  if (claim()) {
    error_ = std::make_shared<const ErrorInfo>(make_error(ErrorType::timeout, "no answer within the patience", Executed::unknown));
    settle();
  }
  drop();
}

void FutureState::settle() {
  hold();  // the last holder may be among those we are about to wake
  if (ask_id_ != 0) node_.pending().remove(*this);
  forget_deadline();
  std::unique_ptr<Continuation> continuations;
  bool held_back = false;
  {
    const std::lock_guard lock{mutex_};
    for (const Continuation* each = continuations_.get(); each != nullptr; each = each->next_.get())
      held_back = held_back || each->holds_back();
    if (held_back) {
      continuations = std::move(continuations_);
    }
  }
  if (!held_back) {
    finish_settling();
  } else {
    // The callback thread calls them in order and then lets the future be ready.
    node_.callbacks().post([state = Counted{this}, list = std::make_shared<std::unique_ptr<Continuation>>(std::move(continuations))] {
      state->node_.callbacks().call(*state, std::move(*list));
      state->finish_settling();
    });
  }
  drop();
}

void FutureState::finish_settling() {
  std::unique_ptr<Continuation> continuations;
  {
    const std::lock_guard lock{mutex_};
    phase_.store(Phase::settled, std::memory_order_release);
    continuations = std::move(continuations_);
    // Under the lock: a waiter that leaves takes the lock first, so its parker lives.
    for (Waiter* waiter = std::exchange(waiters_, nullptr); waiter != nullptr; waiter = waiter->next) waiter->parker->wake();
  }
  while (continuations != nullptr) {
    std::unique_ptr<Continuation> first = std::move(continuations);
    continuations = std::move(first->next_);
    Continuation& that = *first;
    that.settled(std::move(first), *this);
  }
}

void FutureState::attach(std::unique_ptr<Continuation> continuation) {
  std::unique_ptr<Continuation> spent;  // freed without the mutex
  {
    const std::lock_guard lock{mutex_};
    if (phase_.load(std::memory_order_relaxed) != Phase::settled) {
      std::unique_ptr<Continuation>* end = &continuations_;
      while (*end != nullptr) {
        if (!(*end)->spent()) {
          end = &(*end)->next_;
          continue;
        }
        std::unique_ptr<Continuation> rest = std::move((*end)->next_);
        (*end)->next_ = std::move(spent);
        spent = std::exchange(*end, std::move(rest));
      }
      *end = std::move(continuation);
      return;
    }
  }
  Continuation& that = *continuation;
  that.settled(std::move(continuation), *this);
}

bool FutureState::add_waiter(Waiter& waiter) {
  const std::lock_guard lock{mutex_};
  if (settled()) return false;
  waiter.next = std::exchange(waiters_, &waiter);
  return true;
}

void FutureState::remove_waiter(Waiter& waiter) {
  const std::lock_guard lock{mutex_};
  for (Waiter** each = &waiters_; *each != nullptr; each = &(*each)->next)
    if (*each == &waiter) {
      *each = waiter.next;
      return;
    }
}

}  // namespace troupe::detail
