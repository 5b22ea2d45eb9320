// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a value or an array: it has the memory, and works for those who cannot reach it or wait for it.
#pragma once

#include <cstdint>
#include <memory>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/patterns/cells_messages.hpp>

namespace troupe::detail {

struct CellsKind;
class CellsMemory;
class CellsQueue;

class CellsOwner final : public Actor<CellsOwner, CellsDescribe, CellsJoin, CellsTake, CellsGive, CellsFreed, CellsAsk, Down> {
 public:
  /// @param type   the id of the elements' type
  /// @param first  of the elements, encoded, the others are as the last of them; empty: zeros
  CellsOwner(std::uint64_t type, std::uint64_t count, const Bytes& first);
  ~CellsOwner() override;

  CellsInfo on(const CellsDescribe&) const;
  std::uint64_t on(const CellsJoin& join);
  Future<bool> on(const CellsTake& take);
  Future<void> on(const CellsGive& give);
  void on(const CellsFreed&);
  Future<Bytes> on(CellsAsk ask);
  void on(const Down& down);

 private:
  const CellsKind& kind_;
  const std::unique_ptr<CellsMemory> memory_;
  const std::unique_ptr<CellsQueue> queue_;
  const std::shared_ptr<void> objects_;
};

}  // namespace troupe::detail
