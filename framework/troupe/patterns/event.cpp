// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/event.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace detail {

void EventOwner::on(const EventPut& put) {
  set_ = put.set;
  if (!set_) return;
  for (auto& waiting : std::exchange(waiting_, {})) {
    waiting.timer.cancel();
    waiting.done.set_value(true);
  }
}

Future<bool> EventOwner::on(const EventWait& waits) {
  if (set_ || waits.wait <= Duration::zero()) return ready_future(set_);
  Waiting& waiting = waiting_.emplace_back();
  waiting.number = ++last_number_;
  if (waits.wait != forever) waiting.timer = send_after(waits.wait, EventExpired{waiting.number});
  return waiting.done.future();
}

void EventOwner::on(const EventExpired& expired) {
  const auto waiting = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return each.number == expired.waiting; });
  if (waiting == waiting_.end()) return;
  waiting->done.set_value(false);
  waiting_.erase(waiting);
}

}  // namespace detail

using namespace detail;

Event::Event(Node& node, PatternOptions options) : OwnerHandle{spawn_owner<EventOwner>(node, options.place), std::move(options.name)} {}

void Event::set() const { owner().ask(EventPut{true}).get(); }
void Event::clear() const { owner().ask(EventPut{false}).get(); }
bool Event::is_set() const { return owner().ask(EventWait{Duration::zero()}).get(); }
void Event::wait() const { (void)wait_for(forever); }
bool Event::wait_for(Duration patience) const { return waited(wait_async(patience), "for the event", name()).get(); }
Future<bool> Event::wait_async(Duration patience) const { return owner().ask(EventWait{patience}, forever); }

}  // namespace troupe
