// troupe: actors in processes. Apache-2.0, see LICENSE.
// What an endpoint says of the way to its node: straight there, or through the host nodes of a job of several hosts.
#pragma once

#include <cstdint>
#include <string>

namespace troupe::detail {

/// A node of a job of several hosts names itself `job:HEX:ENDPOINT`: within its host it is dialled at ENDPOINT, and from the job's
/// other hosts reached through its host node. Programs outside of the job dial ENDPOINT, too.
struct Way {
  std::uint64_t job = 0;  // 0: none
  std::string endpoint;

  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Way way_of(const std::string& endpoint);

}  // namespace troupe::detail
