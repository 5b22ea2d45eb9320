// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/name_service.hpp>

#include <troupe/node/core.hpp>

namespace troupe::detail {

CellPointer NameService::own() { return node_.resident(&make_name_keeper); }

CellPointer NameService::elsewhere() {
  const std::lock_guard lock{mutex_};
  return elsewhere_;
}

CellPointer NameService::keeper() {
  auto other = elsewhere();
  return other ? other : own();
}

void NameService::keep_at(const KeeperAddress& keeper) {
  CellPointer cell = node_.cell_at(keeper.address, keeper.endpoint);
  const std::lock_guard lock{mutex_};
  elsewhere_ = std::move(cell);
}

KeeperAddress NameService::for_children() {
  if (const auto other = elsewhere()) return {other->address(), static_cast<RemoteCell&>(*other).session()->endpoint()};
  if (!node_.options().directory) return {};
  const auto keeper = own();
  node_.expose(static_cast<LocalCell&>(*keeper));
  return {keeper->address(), node_.way_to(node_.endpoint())};
}

}  // namespace troupe::detail
