// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/seats.hpp>

#include <new>
#include <vector>

#include <troupe/node/core.hpp>
#include <troupe/node/memory.hpp>
#include <troupe/node/report.hpp>

namespace troupe::detail {

Counted<SeatCell> Seats::make(const std::string& name) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t number = next_++;
  const Address address{node_.id(), node_.incarnation(), seat_bit | number};
  auto* seat = new (take_memory(sizeof(SeatCell))) SeatCell{node_, address, node_.endpoint(), name + "#s" + std::to_string(number)};
  seats_[address] = seat;
  return Counted<SeatCell>::adopt(seat);
}

CellPointer Seats::cell(const Address& address, const std::string& endpoint) {
  const std::lock_guard lock{mutex_};
  if (const auto found = seats_.find(address); found != seats_.end() && found->second->try_hold()) return CellPointer::adopt(found->second);
  const std::string label = "#s" + std::to_string(address.actor & ~seat_bit) + '@' + endpoint;
  auto* seat = new (take_memory(sizeof(SeatCell))) SeatCell{node_, address, endpoint, label};
  seats_[address] = seat;
  const auto cell = CellPointer::adopt(seat);
  if (seat->at_home()) seat->end(long_gone(label));
  return cell;
}

Counted<SeatCell> Seats::find(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  const auto found = seats_.find({node_.id(), node_.incarnation(), id});
  if (found == seats_.end() || !found->second->try_hold()) return {};
  return Counted<SeatCell>::adopt(found->second);
}

void Seats::forget(const SeatCell& seat) {
  const std::lock_guard lock{mutex_};
  const auto found = seats_.find(seat.seat_address());
  if (found != seats_.end() && found->second == &seat) seats_.erase(found);
}

std::vector<std::pair<std::string, std::string>> Seats::burdens() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& seat : held())
    if (const std::size_t messages = seat->waiting_messages(); messages != 0)
      all.emplace_back(seat->label(), "messages that wait until it is made anew: " + std::to_string(messages));
  return all;
}

std::vector<SeatLine> Seats::lines() {
  std::vector<SeatLine> lines;
  for (const auto& seat : held()) {
    auto line = seat->at_home() ? seat->line() : std::nullopt;
    if (line) lines.push_back(std::move(*line));
  }
  return lines;
}

std::vector<Counted<SeatCell>> Seats::held() {
  const std::lock_guard lock{mutex_};
  std::vector<Counted<SeatCell>> seats;
  for (const auto& [address, seat] : seats_)
    if (seat->try_hold()) seats.push_back(Counted<SeatCell>::adopt(seat));
  return seats;
}

void Seats::end_all(const Ending& ending) {
  for (const auto& seat : held()) seat->end(ending);
}

}  // namespace troupe::detail
