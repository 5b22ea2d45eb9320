// troupe: actors in processes. Apache-2.0, see LICENSE.
// A program over several hosts: a host node on each, joined to the first, whose end is the end of all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/run/host_list.hpp"

namespace troupe::tools {

/// The exit code of a run that failed by itself: a host takes no part, or the head was lost.
inline constexpr int run_failed = 125;

struct RunOptions {
  /// The first is the head.
  std::vector<HostEntry> hosts;
  /// The program and its arguments.
  std::vector<std::string> words;
  /// The program is sent to the hosts, instead of being there.
  bool copy = false;
  /// On which the head listens; 0: one from 20000 to 29999, drawn at random.
  std::uint16_t port = 0;
  /// At which the others find the head; empty: the one by which ssh reaches it.
  std::string address;
  /// The command before a host's name, in words of the shell.
  std::string ssh;
};

/// Runs it to its end. What there is to say about it is a line on stderr. To be called once in a process: signals are taken over.
///
/// SIGINT and SIGTERM go to the head's program, whose end ends the others; what has not ended ten seconds later, or at the next signal,
/// is ended. Then the signal is raised, if the program ended by it.
/// @returns the exit code of the head's program, or `run_failed`
/// @throws Misuse, NotFound, std::system_error  nothing was started
[[nodiscard]] int run_over_hosts(const RunOptions& options);

}  // namespace troupe::tools
