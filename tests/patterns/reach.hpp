// troupe: actors in processes. Apache-2.0, see LICENSE.
// The two ways to values and arrays, as `GENERATE(both_ways)` has them: shared memory, or the owner alone.
#pragma once

#include "actor/stage.hpp"

#include <filesystem>
#include <ostream>
#include <string>

enum class Way { shared_memory, owner };
#define both_ways values({Way::shared_memory, Way::owner})

inline std::ostream& operator<<(std::ostream& out, Way way) {
  return out << (way == Way::shared_memory ? "in shared memory" : "through the owner");
}

inline troupe::NodeOptions by(Way way) {
  troupe::NodeOptions options;
  options.shared_memory = way == Way::shared_memory;
  return options;
}

/// Whether the shared memory of that name can be found.
inline bool segment_exists(const std::string& name) { return std::filesystem::exists("/dev/shm" + name); }
