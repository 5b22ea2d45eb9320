// troupe: actors in processes. Apache-2.0, see LICENSE.
// Runs a command and brings what it printed.
#pragma once

#include <string>

namespace bench {

/// @returns its output without the last line's end; a sentence instead of nothing, if it failed. Blocks until it has ended.
[[nodiscard]] std::string output_of(const std::string& command);

}  // namespace bench
