// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "actors.hpp"

#include <algorithm>
#include <unordered_map>

namespace troupe::tools {

using namespace troupe::detail;

std::string to_text(Activity activity) {
  switch (activity) {
    case Activity::idle:
      return "idle";
    case Activity::queued:
      return "queued";
    case Activity::running:
      return "running";
    case Activity::held:
      return "held";
  }
  return {};
}

std::map<ActorKey, std::uint64_t> restarts_of_processes(const std::vector<Answer>& answers) {
  std::map<ActorKey, std::uint64_t> restarts;
  for (const Answer& answer : answers)
    if (answer.report)
      for (const SeatLine& seat : answer.report->seats) restarts[{seat.place, seat.actor}] = seat.restarts;
  return restarts;
}

std::vector<ActorSight> actors_of(const Answer& now, const Answer* before, const std::map<ActorKey, std::uint64_t>& restarts,
                                  const std::multimap<ActorKey, std::string>& names) {
  std::unordered_map<std::uint64_t, const ActorLine*> earlier;
  double passed_s = 0;
  if (before != nullptr && before->report && before->report->facts.incarnation == now.report->facts.incarnation) {
    passed_s = static_cast<double>(now.report->facts.uptime_ns - before->report->facts.uptime_ns) / 1e9;
    for (const ActorLine& line : before->report->actors) earlier[line.number] = &line;
  }
  std::vector<ActorSight> actors;
  for (const ActorLine& line : now.report->actors) {
    ActorSight actor;
    actor.number = line.number;
    actor.type = now.report->types[line.type];
    actor.waiting = line.waiting;
    actor.handled = line.handled;
    actor.restarts = line.restarts;
    if (line.oldest_ms >= 0) actor.oldest_s = static_cast<double>(line.oldest_ms) / 1e3;
    const auto known = earlier.find(line.number);
    const ActorLine* was = known == earlier.end() ? nullptr : known->second;
    if (was != nullptr && passed_s > 0) actor.per_second = static_cast<double>(line.handled - was->handled) / passed_s;
    const bool held = was != nullptr && line.in_turn && was->in_turn && was->handled == line.handled;
    actor.activity = held ? Activity::held : line.in_turn ? Activity::running : line.waiting != 0 ? Activity::queued : Activity::idle;
    const ActorKey key{now.node.id, line.number};
    if (const auto of_process = restarts.find(key); of_process != restarts.end()) actor.restarts += of_process->second;
    for (auto [name, end] = names.equal_range(key); name != end; ++name) actor.names.push_back(name->second);
    actors.push_back(std::move(actor));
  }
  std::sort(actors.begin(), actors.end(),
            [](const auto& a, const auto& b) { return a.waiting != b.waiting ? a.waiting > b.waiting : a.number < b.number; });
  return actors;
}

}  // namespace troupe::tools
