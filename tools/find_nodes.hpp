// troupe: actors in processes. Apache-2.0, see LICENSE.
// Which nodes this user has on this host: each has an endpoint in a runtime directory.
#pragma once

#include <string>
#include <vector>

#include <troupe/wire/envelope.hpp>

namespace troupe::tools {

/// A node that has been there when the directory was read.
struct FoundNode {
  troupe::NodeId id;
  std::string endpoint;
  int pid = 0;
};

/// What is there below `directories`; what dead processes have left is passed over. The oldest first.
[[nodiscard]] std::vector<FoundNode> find_nodes(const std::vector<std::string>& directories);

/// The process's name; empty: it is gone.
[[nodiscard]] std::string process_name(int pid);
/// Stopped by a signal or a debugger.
[[nodiscard]] bool is_stopped(int pid);

/// Two numbers as the names of endpoints have them.
[[nodiscard]] std::string to_text(troupe::NodeId id);

}  // namespace troupe::tools
