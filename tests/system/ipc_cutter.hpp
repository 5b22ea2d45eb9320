// troupe: actors in processes. Apache-2.0, see LICENSE.
// Breaks connections of this process that it holds to others of this host.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <random>
#include <string_view>
#include <vector>

/// Shuts a random connection of this process down that goes through a file of a runtime directory.
class IpcCutter {
 public:
  bool cut(std::mt19937& random) const {
    std::vector<int> connections;
    for (int descriptor = 0; descriptor < 256; ++descriptor)
      if (is_connection(descriptor)) connections.push_back(descriptor);
    if (connections.empty()) return false;
    return ::shutdown(connections[random() % connections.size()], SHUT_RDWR) == 0;
  }

 private:
  static bool is_connection(int descriptor) {
    sockaddr_un address{};
    const auto through_file = [&](auto name_of) {
      socklen_t bytes = sizeof address;
      return name_of(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes) == 0 && address.sun_family == AF_UNIX &&
             std::string_view{address.sun_path}.find(".ipc") != std::string_view::npos;
    };
    const auto peer = [&](int socket, sockaddr* name, socklen_t* bytes) { return ::getpeername(socket, name, bytes); };
    const auto own = [&](int socket, sockaddr* name, socklen_t* bytes) {
      sockaddr_un other{};
      socklen_t other_bytes = sizeof other;
      if (::getpeername(socket, reinterpret_cast<sockaddr*>(&other), &other_bytes) != 0) return -1;  // it listens
      return ::getsockname(socket, name, bytes);
    };
    return through_file(peer) || through_file(own);
  }
};
