// troupe: actors in processes. Apache-2.0, see LICENSE.
// The result, for people and for programs.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "foreman.hpp"

namespace wordcount {

/// Writes the `top` most frequent words as `uniq -c` does, then the sums and a line per worker.
void print_text(std::ostream& out, const Outcome& outcome, std::size_t top, double seconds);
/// Writes the same as one JSON object; bytes that are not UTF-8 become U+FFFD.
void print_json(std::ostream& out, const Outcome& outcome, std::size_t top, double seconds);

}  // namespace wordcount
