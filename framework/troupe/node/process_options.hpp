// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a process is started that runs a function, and what others can know of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/place.hpp>

namespace troupe {

/// Where a process's stdout and stderr go.
enum class Output : std::uint8_t {
  relayed,    // to ours, in whole lines
  captured,   // into memory, for `Process::output` and `errors`
  inherited,  // it writes to our own descriptors
  discarded,
};

struct ProcessOptions {
  /// For people: in errors, in a list of processes, and what TROUPE_WAIT_CHILD waits for. Empty: the function's name.
  std::string name = {};
  /// Where it runs: on this host, or on another of the job (`on_host`, `anywhere`, `with_label`). Elsewhere it prints to the output of
  /// that host's node, what is captured is there at its end, and `input_descriptor` and `Output::inherited` are misuse.
  Place place = own_process;
  /// The end of the node ends it, instead of waiting for it.
  bool daemon = false;
  /// Set in its environment, which is ours else.
  std::vector<std::pair<std::string, std::string>> environment = {};
  /// Empty: ours.
  std::string working_directory = {};
  /// What it reads from stdin. None: nothing, at once the end.
  std::optional<std::string> input = {};
  /// An open descriptor that becomes its stdin instead; it stays the caller's. -1: none.
  int input_descriptor = -1;
  Output output = Output::relayed;
};

/// A process of the troupe, for people and for signals.
struct ProcessInfo {
  int pid = 0;
  std::string name;
};

}  // namespace troupe
