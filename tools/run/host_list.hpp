// troupe: actors in processes. Apache-2.0, see LICENSE.
// The hosts of `troupe run`, as its user names them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

struct HostEntry {
  /// What ssh is given: HOST or USER@HOST.
  std::string destination;
  /// Of the host node, and before each line that it prints: HOST. Named a second time it is HOST-2.
  std::string name;
  /// Processes that it offers; 0: as many as it has cores.
  std::size_t slots = 0;
  /// This machine, without ssh.
  bool local = false;
  std::vector<std::string> labels;
};

/// Parses `[USER@]HOST[:SLOTS],...`; an IPv6 address stands in brackets. Local are localhost, 127.0.0.1, ::1 and `this_machine`, with
/// its domain or without, where no user is named.
/// @throws Misuse  an entry is empty or has characters that no host or user name has; ssh would take some for options or commands
[[nodiscard]] std::vector<HostEntry> parse_hosts(std::string_view text, std::string_view this_machine);

/// Adds labels: `LABEL` to each host, `HOST=LABEL` to the one of that name.
/// @throws Misuse  a label is empty or holds a comma, or no host has this name; nothing was added
void add_label(std::vector<HostEntry>& hosts, std::string_view text);

}  // namespace troupe::tools
