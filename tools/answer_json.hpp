// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a node has answered, for programs.
#pragma once

#include <iosfwd>

#include <nlohmann/json.hpp>

#include "ask_nodes.hpp"

namespace troupe::tools {

using Json = nlohmann::ordered_json;

/// Who it is, and whether it has answered; the commands add what they are about.
[[nodiscard]] Json to_json(const Answer& answer);
/// With indentation; bytes that are no text are replaced.
void print_json(std::ostream& out, const Json& json);

}  // namespace troupe::tools
