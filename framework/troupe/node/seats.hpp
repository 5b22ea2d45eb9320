// troupe: actors in processes. Apache-2.0, see LICENSE.
// The seats that a node knows, its own and those of others.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include <troupe/node/cell.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/node/seat.hpp>

namespace troupe::detail {

struct SeatLine;

/// One cell for each seat, so that what is sent through several refs to it keeps its order.
///
/// Threads: safe.
class Seats {
 public:
  explicit Seats(NodeCore& node) : node_{node} {}
  /// A new one, whose home is this node.
  [[nodiscard]] Counted<SeatCell> make(const std::string& name);
  [[nodiscard]] CellPointer cell(const Address& address, const std::string& endpoint);
  /// One of this node's; null: it has ended, and no ref is left here.
  [[nodiscard]] Counted<SeatCell> find(std::uint64_t id);
  void forget(const SeatCell& seat);
  /// Those for which messages wait, and how many, for people.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> burdens();
  /// Those whose home is this node.
  [[nodiscard]] std::vector<SeatLine> lines();
  /// The node has ended: nobody waits here any more.
  void end_all(const Ending& ending);

 private:
  [[nodiscard]] std::vector<Counted<SeatCell>> held();

  NodeCore& node_;
  std::mutex mutex_;
  std::map<Address, SeatCell*> seats_;
  std::uint64_t next_ = 1;
};

}  // namespace troupe::detail
