// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/promise.hpp>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/node.hpp>

namespace troupe {

Future<void> ready_future() { return detail::settled_future<void>(detail::promising_node(), std::monostate{}); }

}  // namespace troupe

namespace troupe::detail {

NodeCore& promising_node() { return context().node != nullptr ? *context().node : this_node().core(); }

void drop_promise(FutureState& state) noexcept {
  const LocalCell* cell = context().cell;
  ErrorInfo error = cell != nullptr && cell->ending()
                        ? cell->end_error()
                        : make_error(ErrorType::closed, "nobody brings the value any more: its promise was dropped");
  error.executed = Executed::unknown;
  state.fail(std::move(error));
}

void raise_no_promise() { throw Misuse{"the promise is empty: it was kept before, or moved from"}; }
void raise_future_taken() { throw Misuse{"the future of a promise can be taken once"}; }

AnswerLater::AnswerLater(const Turn& turn) : cell_{&turn.cell}, asker_{turn.asker}, session_{turn.session}, ask_id_{turn.ask_id} {}
AnswerLater::~AnswerLater() = default;

void AnswerLater::settled(std::unique_ptr<Continuation>, FutureState& state) {
  const Turn turn{*cell_, asker_.get(), session_, ask_id_, nullptr};
  try {
    answer(state, turn);
  } catch (...) {
    turn.fail(describe(std::current_exception()));  // the value cannot be sent
  }
  if (session_ != nullptr && context().cell == nullptr) session_->flush();  // no slice of turns that would end with it
}

bool AnswerLater::wanted() {
  if (asker_) return asker_->wanted();
  given_up_ = given_up_ || session_->ended() || session_->take_cancelled(ask_id_);
  return !given_up_;
}

}  // namespace troupe::detail
