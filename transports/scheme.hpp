// troupe: actors in processes. Apache-2.0, see LICENSE.
// What one kind of endpoint (inproc, ipc, tcp) adds to a ZeroMQ socket.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <troupe/transport/transport.hpp>

#include "transports/zmq_socket.hpp"

namespace troupe::detail {

/// One bound endpoint. Its end makes room for the next owner: names forgotten, files removed. Goes before the router it
/// was made with.
class Binding {
 public:
  virtual ~Binding() = default;
  /// What peers dial.
  [[nodiscard]] virtual const std::string& endpoint() const = 0;
  /// As `Inbox::refused`.
  [[nodiscard]] virtual std::uint64_t refused() const { return 0; }
};

/// Threads: safe.
class Scheme {
 public:
  virtual ~Scheme() = default;
  /// As `Inbox::listen`; `endpoint` begins with this scheme.
  virtual std::unique_ptr<Binding> listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) = 0;
  /// As `Transport::dial`; `endpoint` begins with this scheme.
  virtual std::unique_ptr<Link> dial(const std::string& endpoint) = 0;
};

}  // namespace troupe::detail
