// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the handles of values and arrays say to their owner, whatever the elements are. `who` calls; 0: somebody who holds nothing.
#pragma once

#include <cstdint>
#include <string>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/patterns/cells.hpp>
#include <troupe/patterns/holder.hpp>
#include <troupe/patterns/step.hpp>

namespace troupe::detail {

/// Where the elements are.
struct CellsInfo {
  std::uint64_t count = 0;
  std::uint64_t element_bytes = 0;
  std::string segment;  // empty: with the owner
};

/// Lives as long as the handles of a process: its end gives back what they held. Tells them of the owner's end.
class CellsPort final : public Actor<CellsPort, Nothing, Down> {
 public:
  CellsPort(std::weak_ptr<class CellsSide> side, const CellPointer& owner);
  void on(const Nothing&) {}
  void on(const Down& down);

 private:
  const std::weak_ptr<CellsSide> side_;
};

struct CellsDescribe {};
/// Brings the number of the process.
struct CellsJoin {
  Ref<CellsPort> port;
};
/// Brings whether who held them before has died.
struct CellsTake {
  CellsHolder who = 0;
};
struct CellsGive {
  CellsHolder who = 0;
};
/// Somebody has given them back in shared memory.
struct CellsFreed {};

enum class CellsOp : std::uint8_t { get, get_all, set, set_all, fill, exchange, add, subtract, update };
/// Brings what the operation does, encoded.
struct CellsAsk {
  CellsHolder who = 0;
  CellsOp op = CellsOp::get;
  std::uint64_t index = 0;
  Bytes arguments;
};

}  // namespace troupe::detail
