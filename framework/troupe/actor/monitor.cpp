// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/monitor.hpp>

namespace troupe::detail {

Down describe_down(const Cell& target, const Ending& ending) {
  Down down;
  down.reason = ending.reason;
  down.signal = ending.error.signal.value_or(0);
  down.exit_code = ending.error.exit_code;
  down.actor = ending.error.actor.empty() ? name_of(&target) : ending.error.actor;
  down.error = ending.error;
  down.address = target.address();
  return down;
}

void watch(LocalCell& watcher, const CellPointer& target, void (*told)(LocalCell&, const Cell&, const Ending&)) {
  if (!target) raise_null_ref();
  watcher.start_watch(foreign(*target) ? way_to(*target) : target, told);
}

void unwatch(LocalCell& watcher, const CellPointer& target) {
  if (!target) raise_null_ref();
  watcher.end_watches(target->address());
}

}  // namespace troupe::detail
