// troupe: actors in processes. Apache-2.0, see LICENSE.
// From paths to portions of work of about the same size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages.hpp"

namespace wordcount {

/// A larger file is cut into slices of this size, and small files are gathered up to it. 1 MiB: some milliseconds of counting,
/// long beside a message, short beside the whole.
inline constexpr std::uint64_t portion_bytes = 1 << 20;

struct Work {
  std::vector<Count> portions;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<Skipped> skipped;
};

/// Finds the regular files below `paths`. A symbolic link is followed if it is one of `paths`, not below one.
[[nodiscard]] Work find_work(const std::vector<std::string>& paths);

}  // namespace wordcount
