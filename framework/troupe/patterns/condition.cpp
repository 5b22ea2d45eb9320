// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/condition.hpp>

#include <utility>

namespace troupe {

using namespace detail;

Condition::Condition(Node& node, PatternOptions options) : Condition{RecursiveLock{node, std::move(options)}} {}
Condition::Condition(const LockHandle& lock) : lock_{lock}, condition_{lock.lock_owner().ask(NewCondition{}).get()} {}

void Condition::wait() const { (void)wait_for(forever); }

bool Condition::wait_for(Duration patience) const { return waited(wait_async(patience), "for the condition", lock_.name()).get(); }

Future<bool> Condition::wait_async(Duration patience) const {
  const auto& owner = lock_.lock_owner();
  return owner.ask(ConditionWait{this_holder(owner.pointer()), condition_, patience}, forever);
}

TimePoint Condition::now() const { return detail::now(*lock_.lock_owner().pointer()); }

void Condition::notify(std::uint64_t count) const {
  const auto& owner = lock_.lock_owner();
  owner.ask(ConditionNotify{this_holder(owner.pointer()), condition_, count}).get();
}

}  // namespace troupe
