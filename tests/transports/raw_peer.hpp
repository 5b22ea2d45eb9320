// troupe: actors in processes. Apache-2.0, see LICENSE.
// A peer that speaks bytes instead of our protocol.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rig {

/// A plain connection to an ipc or tcp endpoint.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) : socket_{make(endpoint)} {}
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  ~RawPeer() { close(socket_); }

  void send(std::string_view bytes) const {
    if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return;  // thrown out already
  }
  void send_end() const { shutdown(socket_, SHUT_WR); }

  /// Whether the other side closes within 10 s; what it says meanwhile is thrown away.
  [[nodiscard]] bool is_closed() const {
    std::array<char, 512> bytes{};
    for (;;) {
      pollfd one{socket_, POLLIN, 0};
      if (poll(&one, 1, 10'000) <= 0) return false;
      if (recv(socket_, bytes.data(), bytes.size(), 0) <= 0) return true;
    }
  }

  /// ZMTP 3.0 up to the point where messages may follow, as a DEALER of this identity. Waits for the other side's READY.
  void shake_hands(const std::string& identity) const {
    std::string greeting{"\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL", 16};
    greeting.resize(64, '\0');
    send(greeting);
    std::string ready{"\x05READY"};
    ready += property("Socket-Type", "DEALER") + property("Identity", identity);
    send(ready.size() > 255 ? std::string{"\x06"} + big_endian(ready.size(), 8) + ready
                            : std::string{"\x04"} + big_endian(ready.size(), 1) + ready);
    std::size_t said = 0;
    std::array<char, 512> bytes{};
    while (said < 66 || said < 66 + static_cast<std::size_t>(bytes[65])) {  // greeting, then flags, size, READY
      pollfd one{socket_, POLLIN, 0};
      const auto got = poll(&one, 1, 10'000) == 1 ? recv(socket_, bytes.data() + said, bytes.size() - said, 0) : 0;
      if (got <= 0) throw std::runtime_error{"no handshake"};
      said += static_cast<std::size_t>(got);
    }
  }

  static std::string part(const std::string& body, bool more) {
    return std::string{more ? "\x01" : "\0", 1} + big_endian(body.size(), 1) + body;
  }

  static std::string big_endian(std::uint64_t number, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 0xff);
    return text;
  }

 private:
  static std::string property(const std::string& name, const std::string& value) {
    return big_endian(name.size(), 1) + name + big_endian(value.size(), 4) + value;
  }

  static int make(const std::string& endpoint) {
    int connected = -1;
    int descriptor = -1;
    if (endpoint.starts_with("ipc://")) {
      const std::string path = endpoint.substr(6);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::memcpy(address.sun_path, path.data(), path.size());
      descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      connected = connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
      descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      connected = connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    if (connected != 0) throw std::runtime_error{"no raw connection to " + endpoint};
    return descriptor;
  }

  int socket_;
};

}  // namespace rig
