// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/lock.hpp>

#include <utility>

namespace troupe {

namespace detail {

LockHandle::LockHandle(Node& node, Reentry reentry, PatternOptions options)
    : OwnerHandle{spawn_owner<LockOwner>(node, options.place, reentry, options.name), std::move(options.name)} {}

Future<bool> LockHandle::lock_async(Duration patience) const {
  return owner().ask(LockTake{this_holder(owner().pointer()), patience}, forever);
}
bool LockHandle::take(Duration patience) const { return waited(lock_async(patience), "for the lock", name()).get(); }

LockLooks LockHandle::look() const { return owner().ask(LockLook{this_holder(owner().pointer())}).get(); }

void LockHandle::lock() const { (void)take(forever); }
bool LockHandle::try_lock() const { return take(Duration::zero()); }
bool LockHandle::try_lock_for(Duration patience) const { return take(patience); }
void LockHandle::unlock() const { owner().ask(LockGive{this_holder(owner().pointer())}).get(); }

bool LockHandle::abandoned() const { return look().abandoned; }
bool LockHandle::locked() const { return look().locked; }
bool LockHandle::mine() const { return look().mine; }

}  // namespace detail

Lock::Lock(Node& node, PatternOptions options) : LockHandle{node, detail::Reentry::refused, std::move(options)} {}
RecursiveLock::RecursiveLock(Node& node, PatternOptions options) : LockHandle{node, detail::Reentry::counted, std::move(options)} {}

}  // namespace troupe
