// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actors of all nodes, from two looks at them and from what others know of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ask_nodes.hpp"
#include "names.hpp"

namespace troupe::tools {

enum class Activity : std::uint8_t {
  idle,     // nothing to do
  queued,   // messages wait, and no handler runs
  running,  // a handler runs
  held,     // by one handler, from one look to the other
};

[[nodiscard]] std::string to_text(Activity activity);

struct ActorSight {
  std::uint64_t number = 0;
  std::string type;
  std::uint64_t waiting = 0;
  std::optional<double> oldest_s;    // nothing: none waits, or it is not known
  std::optional<double> per_second;  // messages handled; nothing: it was not there at the first look
  std::uint64_t handled = 0;
  std::uint64_t restarts = 0;
  Activity activity = Activity::idle;
  std::vector<std::string> names;  // under which it was published
};

/// How often a supervisor has made the actor of a process anew, by where it sits now.
[[nodiscard]] std::map<ActorKey, std::uint64_t> restarts_of_processes(const std::vector<Answer>& answers);

/// The actors of one node, the fullest mailboxes first.
/// @param before  an earlier look at the same node, if there was one
[[nodiscard]] std::vector<ActorSight> actors_of(const Answer& now, const Answer* before, const std::map<ActorKey, std::uint64_t>& restarts,
                                                const std::multimap<ActorKey, std::string>& names);

}  // namespace troupe::tools
