// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/cells_owner.hpp>

#include <utility>

#include <troupe/patterns/cells_kind.hpp>
#include <troupe/patterns/cells_queue.hpp>

namespace troupe::detail {

namespace {
const CellsKindEntry* first_kind = nullptr;  // constant-initialised: statics of other files register before main
}

CellsKindEntry::CellsKindEntry(const CellsKind& kind) noexcept : kind_{kind}, next_{std::exchange(first_kind, this)} {}

const CellsKind& find_cells_kind(std::uint64_t type) {
  for (const CellsKindEntry* entry = first_kind; entry != nullptr; entry = entry->next_)
    if (entry->kind_.type().id == type) return entry->kind_;
  raise(ErrorType::not_found, "this program has no values or arrays of the type that it should own: both must be the same build");
}

CellsOwner::CellsOwner(std::uint64_t type, std::uint64_t count, const Bytes& first)
    : kind_{find_cells_kind(type)},
      memory_{std::make_unique<CellsMemory>(node(), count, kind_.element_bytes)},
      queue_{std::make_unique<CellsQueue>(memory_->header())},
      objects_{kind_.make(count)} {
  if (first.empty()) return;
  Encoded nothing;
  const CellsStep step{memory_->header()};
  kind_.run(memory_->header(), objects_.get(), {0, CellsOp::set_all, 0, first}, nothing);
}
CellsOwner::~CellsOwner() = default;

CellsInfo CellsOwner::on(const CellsDescribe&) const { return memory_->info(); }
std::uint64_t CellsOwner::on(const CellsJoin& join) {
  const auto [number, is_new] = queue_->join(join.port);
  if (is_new) watch(join.port);
  return number;
}
Future<bool> CellsOwner::on(const CellsTake& take) { return queue_->take(take.who); }
Future<void> CellsOwner::on(const CellsGive& give) { return queue_->give(give.who); }
void CellsOwner::on(const CellsFreed&) { queue_->freed(); }
void CellsOwner::on(const Down& down) { queue_->gone(down); }

Future<Bytes> CellsOwner::on(CellsAsk ask) {
  if (ask.index >= memory_->header().count) throw Misuse{"there is no such element"};
  const CellsHolder who = ask.who;
  return queue_->when_free(who, [this, ask = std::move(ask)] {
    Encoded result;
    kind_.run(memory_->header(), objects_.get(), ask, result);
    return to_bytes(result);
  });
}

}  // namespace troupe::detail
