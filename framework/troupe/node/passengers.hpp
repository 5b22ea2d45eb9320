// troupe: actors in processes. Apache-2.0, see LICENSE.
// What travels inside of the message that a thread encodes, and has somebody at home who wants to know where it goes.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <troupe/node/cell.hpp>

namespace troupe::detail {

/// Told with the actor that the message was sent to, or with null: it did not arrive anywhere, so far as is known. Must not throw.
using Passenger = std::function<void(const CellPointer& to)>;

/// To be called while a message is encoded.
void board(Passenger passenger);

/// Those who have boarded on this thread. Threads: one at a time.
class Passengers {
 public:
  /// Takes them out, as the message is about to be sent.
  [[nodiscard]] static Passengers take() noexcept;
  [[nodiscard]] bool any() const noexcept { return all_ != nullptr; }
  void tell(const CellPointer& to) const {
    if (all_ == nullptr) return;
    for (const Passenger& each : *all_) each(to);
  }

 private:
  std::unique_ptr<std::vector<Passenger>> all_;
};

/// The scope in which a message is sent: at its end they are told.
class Departure {
 public:
  explicit Departure(Cell& target) noexcept : target_{target}, passengers_{Passengers::take()} {}
  ~Departure() {
    if (passengers_.any()) passengers_.tell(sent_ ? CellPointer{&target_} : CellPointer{});
  }
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;
  void sent() noexcept { sent_ = true; }

 private:
  Cell& target_;
  const Passengers passengers_;
  bool sent_ = false;
};

}  // namespace troupe::detail
