// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where the head of `troupe run` listens, and where each other host finds it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::tools {

/// What is known of the way from the launcher to a host; the addresses are those of SSH_CONNECTION, empty where there is none.
struct HostWay {
  std::string name;
  bool local = false;
  std::string launcher_address;  // as the host sees it
  std::string host_address;      // as the launcher sees it
};

/// The client's address and the server's in SSH_CONNECTION, "CLIENT PORT SERVER PORT"; empty where it is something else.
[[nodiscard]] std::pair<std::string, std::string> ends_of_ssh(const std::string& connection);

/// The endpoint for each host: the first listens, the others join.
///
/// A head elsewhere listens on the address at which ssh reached it. A head on this machine listens on the one from which ssh came to
/// the others; on all of its own, if that differs; on loopback, if there is no other.
/// @param address  the user's word for it; empty: none
/// @throws Misuse  a host can't reach the head by any of these; the text says what to type
[[nodiscard]] std::vector<std::string> choose_endpoints(const std::vector<HostWay>& ways, const std::string& address, std::uint16_t port);

}  // namespace troupe::tools
