// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/future.hpp>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

/// A callback in the mailbox of its actor.
class CallbackJob final : public Job {
 public:
  CallbackJob(std::unique_ptr<Continuation> callback, std::uint32_t incarnation, FutureState& state)
      : callback_{std::move(callback)}, incarnation_{incarnation}, state_{&state} {}
  void run(LocalCell& cell) override {
    if (cell.incarnation() == incarnation_) callback_->call(*state_);  // else it belongs to an actor that is no more
  }

 private:
  const std::unique_ptr<Continuation> callback_;
  const std::uint32_t incarnation_;
  const Counted<FutureState> state_;
};

}  // namespace

bool wait_for(FutureState& state, TimePoint until) { return state.settled() || state.node().wait(state, until); }

bool wait_for(FutureState& state, Duration patience) { return wait_for(state, after(state.node().clock().now(), patience)); }

void raise_no_future() { throw Misuse{"the future is empty: it was never an ask's, or its value was taken"}; }
void raise_not_ready() { raise(ErrorType::timeout, "nothing came within the patience; the ask goes on", Executed::unknown); }

CallbackBase::CallbackBase() : actor_{context().cell}, incarnation_{actor_ ? context().cell->incarnation() : 0} {
  if (actor_) context().cell->callbacks.fetch_add(1);
}
CallbackBase::~CallbackBase() {
  if (actor_) static_cast<LocalCell&>(*actor_).callbacks.fetch_sub(1);
}

bool CallbackBase::holds_back() const { return !actor_; }

void CallbackBase::settled(std::unique_ptr<Continuation> self, FutureState& state) {
  if (actor_) {
    static_cast<LocalCell&>(*actor_).post(std::make_unique<CallbackJob>(std::move(self), incarnation_, state));
    return;
  }
  state.node().callbacks().post(
      [callback = std::shared_ptr<Continuation>{std::move(self)}, shared = Counted<FutureState>{&state}] { callback->call(*shared); });
}

}  // namespace troupe::detail
