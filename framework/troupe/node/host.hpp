// troupe: actors in processes. Apache-2.0, see LICENSE.
// A host of the job, as programs see it, and the messages about hosts that come and go.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <troupe/wire/error.hpp>

namespace troupe {

struct Host {
  /// Unique in the job.
  std::string name;
  /// Processes that it is good for.
  std::size_t slots = 0;
  std::vector<std::string> labels = {};
  /// The program's main runs here.
  bool head = false;
};

/// A host has joined. A message: an actor that is told has it in its list.
struct HostUp {
  Host host;
};
/// A host is no longer one of the job's: it has left, or it is lost.
struct HostDown {
  Host host;
  /// `closed`: it left in order; `unreachable`: it was not heard for `dead_after`.
  ErrorInfo reason;
};

}  // namespace troupe
