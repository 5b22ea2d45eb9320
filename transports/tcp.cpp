// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/tcp.hpp"

#include <troupe/wire/error.hpp>

#include "transports/descriptors.hpp"
#include "transports/zap.hpp"
#include "transports/zmq_link.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace troupe::detail {

namespace {

constexpr std::string_view prefix = "tcp://";

enum class Wildcard { allowed, refused };

bool is_loopback(const std::string& host) {
  if (host == "[::1]") return true;
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

bool is_port(std::string_view text, Wildcard wildcard) {
  if (text == "*") return wildcard == Wildcard::allowed;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

struct HostAndPort {
  std::string host;
  std::string port;
  [[nodiscard]] std::string endpoint() const { return std::string{prefix} + host + ':' + port; }
};

HostAndPort parse(const std::string& endpoint, Wildcard wildcard) {
  const std::string address = endpoint.substr(prefix.size());
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || !is_port(std::string_view{address}.substr(colon + 1), wildcard))
    raise(ErrorType::misuse, endpoint + ": tcp needs a host and a port from 1 to 65535, tcp://127.0.0.1:7000" +
                                 (wildcard == Wildcard::allowed ? " (* for a free one)" : ""));
  HostAndPort parsed{address.substr(0, colon), address.substr(colon + 1)};
  if (parsed.host == "localhost") parsed.host = "127.0.0.1";
  return parsed;
}

void require_loopback(const HostAndPort& parsed, const std::string& endpoint) {
  if (!is_loopback(parsed.host))
    raise(ErrorType::misuse, endpoint + ": without keys tcp stays on this host; use 127.0.0.1, [::1] or localhost, or keys");
}

class TcpBinding final : public Binding {
 public:
  TcpBinding(std::string endpoint, std::shared_ptr<Zap> doorkeeper) : endpoint_{std::move(endpoint)}, doorkeeper_{std::move(doorkeeper)} {}
  [[nodiscard]] const std::string& endpoint() const override { return endpoint_; }
  [[nodiscard]] std::uint64_t refused() const override { return doorkeeper_ == nullptr ? 0 : doorkeeper_->refused(); }

 private:
  std::string endpoint_;
  std::shared_ptr<Zap> doorkeeper_;  // null: no keys
};

}  // namespace

void Tcp::use_keys(const CurveKeys& keys) {
  const std::lock_guard lock{mutex_};
  keys_ = keys;
}

std::optional<CurveKeys> Tcp::keys() const {
  const std::lock_guard lock{mutex_};
  return keys_;
}

std::unique_ptr<Binding> Tcp::listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) {
  const HostAndPort parsed = parse(endpoint, Wildcard::allowed);
  if (const auto mine = keys()) {
    auto doorkeeper = Zap::instance();  // before anybody can knock
    return std::make_unique<TcpBinding>(router.bind(parsed.endpoint(), -1, &*mine), std::move(doorkeeper));
  }
  require_loopback(parsed, endpoint);
  if (!options.insecure)
    raise(ErrorType::misuse, endpoint +
                                 ": tcp without keys lets any user of this host in; give keys (`troupe keygen DIR`), or say "
                                 "--troupe-insecure if that is meant");
  return std::make_unique<TcpBinding>(router.bind(parsed.endpoint()), nullptr);
}

std::unique_ptr<Link> Tcp::dial(const std::string& endpoint) {
  const HostAndPort parsed = parse(endpoint, Wildcard::refused);
  const auto mine = keys();
  if (!mine) require_loopback(parsed, endpoint);
  return std::make_unique<ZmqLink>(parsed.endpoint(), mine ? &*mine : nullptr);
}

// The kernel chooses an address of ours for each way; a datagram socket asks it without sending anything.
std::string Tcp::near_side(const std::string& endpoint) {
  HostAndPort parsed = parse(endpoint, Wildcard::refused);
  const bool numeric_6 = parsed.host.starts_with('[') && parsed.host.ends_with(']');
  if (numeric_6) parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_family = numeric_6 ? AF_INET6 : AF_INET;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(parsed.host.c_str(), parsed.port.c_str(), &hints, &found); error != 0)
    raise(ErrorType::not_found, endpoint + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> keep{found, &::freeaddrinfo};
  const FileDescriptor probe{::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  std::array<char, NI_MAXHOST> text{};
  if (!probe || ::connect(probe.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &bytes) != 0 ||
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), bytes, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    raise(ErrorType::not_found, "there is no way to " + endpoint + ": " + std::generic_category().message(errno));
  return std::string{prefix} + (numeric_6 ? '[' + std::string{text.data()} + ']' : text.data()) + ":*";
}

}  // namespace troupe::detail
