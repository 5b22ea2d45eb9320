// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/tcp.hpp"

#include <troupe/wire/error.hpp>

#include "transports/zmq_link.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

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

// The endpoint in the words that libzmq and both sides use.
std::string loopback_endpoint(const std::string& endpoint, Wildcard wildcard) {
  const std::string address = endpoint.substr(prefix.size());
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || !is_port(std::string_view{address}.substr(colon + 1), wildcard))
    raise(ErrorType::misuse, endpoint + ": tcp needs a host and a port from 1 to 65535, tcp://127.0.0.1:7000" +
                                 (wildcard == Wildcard::allowed ? " (* for a free one)" : ""));
  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (!is_loopback(host)) raise(ErrorType::misuse, endpoint + ": without keys tcp stays on this host; use 127.0.0.1, [::1] or localhost");
  return std::string{prefix} + host + address.substr(colon);
}

class TcpBinding final : public Binding {
 public:
  explicit TcpBinding(std::string endpoint) : endpoint_{std::move(endpoint)} {}
  [[nodiscard]] const std::string& endpoint() const override { return endpoint_; }

 private:
  std::string endpoint_;
};

}  // namespace

std::unique_ptr<Binding> Tcp::listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) {
  const std::string local = loopback_endpoint(endpoint, Wildcard::allowed);
  if (!options.insecure)
    raise(ErrorType::misuse, endpoint + ": tcp without keys lets any user of this host in; say --troupe-insecure if that is meant");
  return std::make_unique<TcpBinding>(router.bind(local));
}

std::unique_ptr<Link> Tcp::dial(const std::string& endpoint) {
  return std::make_unique<ZmqLink>(loopback_endpoint(endpoint, Wildcard::refused));
}

}  // namespace troupe::detail
