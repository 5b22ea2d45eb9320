// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/addresses.hpp"

#include <algorithm>
#include <sstream>

#include <troupe/wire/error.hpp>

namespace troupe::tools {

namespace {

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

std::string endpoint(const std::string& address, std::uint16_t port) {
  const bool address_6 = address.find(':') != std::string::npos && !address.starts_with('[');
  return "tcp://" + (address_6 ? '[' + address + ']' : address) + ':' + std::to_string(port);
}

[[noreturn]] void refuse(const std::string& host, const std::string& head) {
  throw Misuse{"it is not known at which address " + host + " can reach the head, " + head +
               "; say it: --address=ADDRESS, one of the head's own"};
}

std::string head_address(const HostWay& head, const HostWay& host) {
  if (head.local) return host.local ? "127.0.0.1" : host.launcher_address;
  return head.host_address;
}

}  // namespace

std::pair<std::string, std::string> ends_of_ssh(const std::string& connection) {
  std::istringstream words{connection};
  std::string client, client_port, server, server_port;
  if (!(words >> client >> client_port >> server >> server_port)) return {};
  return {client, server};
}

std::vector<std::string> choose_endpoints(const std::vector<HostWay>& ways, const std::string& address, std::uint16_t port) {
  const HostWay& head = ways.front();
  if (!address.empty()) return std::vector<std::string>(ways.size(), endpoint(address, port));

  std::vector<std::string> addresses;
  for (const HostWay& way : ways) addresses.push_back(head_address(head, way));
  const auto far = std::find_if(ways.begin(), ways.end(), [&](const HostWay& way) { return &way != &head && !way.local; });
  if (!head.local && head.host_address.empty()) refuse(ways.back().name, head.name);
  if (far != ways.end()) {
    const auto known = addresses[static_cast<std::size_t>(far - ways.begin())];
    for (std::size_t i = 1; i < ways.size(); ++i)
      if (!ways[i].local && (addresses[i].empty() || is_loopback(addresses[i]))) refuse(ways[i].name, head.name);
    if (head.local) {
      // This machine's own name for the head is no other than the others': one address, if they agree.
      const bool agreed =
          std::all_of(ways.begin() + 1, ways.end(), [&](const HostWay& way) { return way.local || way.launcher_address == known; });
      addresses.front() = agreed ? known : "0.0.0.0";
      for (std::size_t i = 1; i < ways.size(); ++i)
        if (ways[i].local && agreed) addresses[i] = known;
    }
  }
  std::vector<std::string> endpoints;
  for (const std::string& each : addresses) endpoints.push_back(endpoint(each, port));
  return endpoints;
}

}  // namespace troupe::tools
