// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/lock.hpp>

#include <utility>

namespace troupe {

namespace detail {

LockHandle::LockHandle(Node& node, Reentry reentry, PatternOptions options)
    : OwnerHandle{spawn_owner<LockOwner>(node, options.place, reentry, options.name), std::move(options.name)} {}

Future<bool> LockHandle::take(Duration patience) const {
  return waited(owner().ask(LockTake{this_holder(owner().pointer()), patience}, forever), "for the lock", name());
}

LockLooks LockHandle::look() const { return owner().ask(LockLook{this_holder(owner().pointer())}).get(); }

void LockHandle::lock() const { (void)take(forever).get(); }
bool LockHandle::try_lock() const { return take(Duration::zero()).get(); }
bool LockHandle::try_lock_for(Duration patience) const { return take(patience).get(); }
void LockHandle::unlock() const { owner().ask(LockGive{this_holder(owner().pointer())}).get(); }

bool LockHandle::abandoned() const { return look().abandoned; }
bool LockHandle::locked() const { return look().locked; }
bool LockHandle::mine() const { return look().mine; }

}  // namespace detail

Lock::Lock(Node& node, PatternOptions options) : LockHandle{node, detail::Reentry::refused, std::move(options)} {}
RecursiveLock::RecursiveLock(Node& node, PatternOptions options) : LockHandle{node, detail::Reentry::counted, std::move(options)} {}

}  // namespace troupe
