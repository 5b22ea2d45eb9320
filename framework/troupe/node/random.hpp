// troupe: actors in processes. Apache-2.0, see LICENSE.
// Numbers that nobody has drawn before.
#pragma once

#include <cstdint>
#include <random>

namespace troupe::detail {

/// From the kernel; never 0.
[[nodiscard]] inline std::uint64_t random_number() {
  std::random_device source;
  const std::uint64_t number = (std::uint64_t{source()} << 32U) ^ source();
  return number == 0 ? 1 : number;
}

}  // namespace troupe::detail
