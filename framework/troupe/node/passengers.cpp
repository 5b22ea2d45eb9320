// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/passengers.hpp>

#include <utility>

namespace troupe::detail {

namespace {
thread_local std::vector<Passenger>* aboard = nullptr;  // a plain pointer: every message to another process looks at it
}  // namespace

void board(Passenger passenger) {
  if (aboard == nullptr) aboard = new std::vector<Passenger>;
  aboard->push_back(std::move(passenger));
}

Passengers Passengers::take() noexcept {
  Passengers taken;
  taken.all_.reset(std::exchange(aboard, nullptr));
  return taken;
}

}  // namespace troupe::detail
