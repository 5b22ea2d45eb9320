// troupe: actors in processes. Apache-2.0, see LICENSE.
// Breaks connections of this process to other hosts.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <random>
#include <vector>

/// Shuts a random tcp connection of this process down, one that it made or one that was made to it.
class TcpCutter {
 public:
  bool cut(std::mt19937& random) const {
    std::vector<int> connections;
    for (int descriptor = 0; descriptor < 4096; ++descriptor) {
      sockaddr_storage peer{};
      socklen_t bytes = sizeof peer;
      if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &bytes) == 0 && peer.ss_family == AF_INET)
        connections.push_back(descriptor);
    }
    if (connections.empty()) return false;
    return ::shutdown(connections[random() % connections.size()], SHUT_RDWR) == 0;
  }
};
