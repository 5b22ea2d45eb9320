// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_taken.hpp>

#include <troupe/patterns/queue_client.hpp>

namespace troupe::detail {

void TakenHandle::check() const {
  if (queue_ == nullptr) throw Misuse{"this item was done or given back before"};
}

bool TakenHandle::done() { return done_async().get(); }

Future<bool> TakenHandle::done_async() {
  check();
  return std::exchange(queue_, nullptr)->ask(QueueDone{number_}, default_patience);
}

bool TakenHandle::renew(Duration lease) {
  check();
  return queue_->ask(QueueRenew{number_, checked_lease(lease)}, default_patience).get();
}

void TakenHandle::give_back() noexcept {
  if (queue_ != nullptr) std::exchange(queue_, nullptr)->give_back_taken(number_, true);
}

}  // namespace troupe::detail
