// troupe: actors in processes. Apache-2.0, see LICENSE.
// The names under which actors and patterns were published on this host.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/report.hpp>

#include "ask_nodes.hpp"

namespace troupe::tools {

/// An actor of whichever node.
using ActorKey = std::pair<troupe::NodeId, std::uint64_t>;

/// The names of the actors of those who have answered; a pattern's is that of its owner. Of supervised processes: of who sits there.
[[nodiscard]] std::multimap<ActorKey, std::string> published_names(const std::vector<Answer>& answers);

}  // namespace troupe::tools
