// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/wait_any.hpp>

#include <thread>

#include <troupe/node/core.hpp>
#include <troupe/patterns/owner.hpp>

namespace troupe {

namespace {

std::vector<std::size_t> ready_ones(const std::vector<Waitable>& objects) {
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < objects.size(); ++i)
    if (objects[i].ready()) ready.push_back(i);
  return ready;
}

}  // namespace

Waitable::Waitable(detail::FutureState& future) noexcept
    : object_{&future},
      node_{[](const void* of) -> detail::NodeCore& { return to<detail::FutureState>(of).node(); }},
      ready_{[](const void* of) { return to<detail::FutureState>(of).settled(); }},
      ring_{[](const void* of, const detail::Bell& bell) { detail::ring_when(to<detail::FutureState>(of), bell); }} {}

std::vector<std::size_t> wait_any(const std::vector<Waitable>& objects, Duration patience) {
  if (objects.empty()) {
    if (patience == forever) throw Misuse{"wait_any: there is nothing to wait for"};
    std::this_thread::sleep_for(patience);
    return {};
  }
  detail::NodeCore& node = objects.front().node();
  const TimePoint until = detail::after(node.clock().now(), patience);
  while (true) {
    auto ready = ready_ones(objects);
    if (!ready.empty() || patience <= Duration::zero()) return ready;
    const auto bell = detail::Bell::adopt(detail::TypedState<void>::make(node));
    for (const Waitable& object : objects) object.ring(bell);
    if (patience == forever) {
      detail::wait_for_others(*bell, "for the first of several things in", "wait_any");
    } else if (!detail::wait_for(*bell, until)) {
      (void)bell->claim();  // so that those who keep it throw it away
      return ready_ones(objects);
    }
  }
}

}  // namespace troupe
