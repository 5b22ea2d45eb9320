// troupe: actors in processes. Apache-2.0, see LICENSE.
// The list of what a node can speak. libzmq knows more (norm, pgm, tipc, ws, ...), which nobody here has looked after.
#include <troupe/transport/transport.hpp>

#include <troupe/wire/error.hpp>

#include "transports/inproc.hpp"
#include "transports/ipc.hpp"
#include "transports/keys.hpp"
#include "transports/tcp.hpp"
#include "transports/zmq_inbox.hpp"

namespace troupe::detail {

namespace {

class DefaultTransports final : public Transport, public std::enable_shared_from_this<DefaultTransports> {
 public:
  std::unique_ptr<Inbox> open_inbox(const InboxOptions& options) override {
    return std::make_unique<ZmqInbox>(
        options, [self = shared_from_this()](const std::string& endpoint) -> Scheme& { return self->scheme_of(endpoint); });
  }
  std::unique_ptr<Link> dial(const std::string& endpoint) override { return scheme_of(endpoint).dial(endpoint); }
  void sweep(const std::string& directory) override { sweep_ipc(directory); }
  void use_keys(const std::string& directory) override { tcp_.use_keys(load_keys(directory)); }
  std::string near_side(const std::string& endpoint) override {
    if (&scheme_of(endpoint) != &tcp_) raise(ErrorType::misuse, "hosts are joined by tcp://ADDRESS:PORT, not by " + endpoint);
    return Tcp::near_side(endpoint);
  }

 private:
  Scheme& scheme_of(const std::string& endpoint) {
    if (endpoint.starts_with("inproc://")) return inproc_;
    if (endpoint.starts_with("ipc://")) return ipc_;
    if (endpoint.starts_with("tcp://")) return tcp_;
    raise(ErrorType::misuse, "'" + endpoint + "' is no endpoint: those begin with inproc://, ipc:// or tcp://");
  }

  Inproc inproc_;
  Ipc ipc_;
  Tcp tcp_;
};

}  // namespace

std::shared_ptr<Transport> default_transports() { return std::make_shared<DefaultTransports>(); }

}  // namespace troupe::detail
