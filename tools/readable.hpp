// troupe: actors in processes. Apache-2.0, see LICENSE.
// Numbers and names as people read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// "850 ms", "12 s", "5 min", "3.2 h", "12 d".
[[nodiscard]] std::string readable_time(double seconds);
/// "12 B", "3.4 kB", "1.2 MB".
[[nodiscard]] std::string readable_bytes(double bytes);
/// "0", "0.4", "9.9", "12345".
[[nodiscard]] std::string readable_number(double number);
[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::string_view separator);
/// A type without what says only where in troupe it is made.
[[nodiscard]] std::string readable_type(std::string_view name);

}  // namespace troupe::tools
