// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/name_service.hpp>

#include <utility>

#include <troupe/node/core.hpp>

namespace troupe::detail {

CellPointer NameService::own() { return node_.resident(&make_name_keeper); }

KeeperAddress NameService::elsewhere() const {
  const std::lock_guard lock{mutex_};
  return elsewhere_;
}

// Looked for anew each time: the way there may have been given up, and another one be possible.
CellPointer NameService::keeper() {
  const KeeperAddress other = elsewhere();
  return other.address.actor == 0 ? own() : node_.cell_at(other.address, other.endpoint);
}

void NameService::keep_at(const KeeperAddress& keeper) {
  const std::lock_guard lock{mutex_};
  elsewhere_ = keeper;
}

KeeperAddress NameService::for_others() {
  const KeeperAddress other = elsewhere();
  if (other.address.actor != 0 || (!node_.options().directory && node_.router().job() == 0)) return other;
  const auto keeper = own();
  node_.expose(static_cast<LocalCell&>(*keeper));
  return {keeper->address(), node_.endpoint()};
}

void NameService::before_interrupt(std::function<void()> leave) {
  const std::lock_guard lock{mutex_};
  leave_ = std::move(leave);
}

void NameService::interrupt() const {
  std::function<void()> leave;
  {
    const std::lock_guard lock{mutex_};
    leave = leave_;
  }
  if (leave) leave();
}

}  // namespace troupe::detail
