// troupe: actors in processes. Apache-2.0, see LICENSE.
// A node's inbox: one ROUTER, whatever it listens on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <troupe/transport/transport.hpp>

#include "transports/scheme.hpp"
#include "transports/zmq_socket.hpp"

namespace troupe::detail {

/// A connection's number is the routing id that libzmq gave it. Ids that peers chose themselves are not taken: no link of
/// ours has one, and they could be another's.
class ZmqInbox final : public Inbox {
 public:
  using FindScheme = std::function<Scheme&(const std::string& endpoint)>;

  ZmqInbox(const InboxOptions& options, FindScheme scheme_of);
  ~ZmqInbox() override;

  std::string listen(const std::string& endpoint) override;
  [[nodiscard]] int descriptor() const override { return router_.descriptor(); }
  std::size_t drain(FrameVisitor& visitor, std::size_t budget) override;
  [[nodiscard]] std::uint64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t refused() const override;

 private:
  InboxOptions options_;
  FindScheme scheme_of_;
  ZmqSocket router_;
  std::vector<std::unique_ptr<Binding>> bindings_;  // end before the router
  std::atomic<std::uint64_t> dropped_{0};
  bool read_empty_ = false;  // and since then nobody but libzmq has touched the router
};

}  // namespace troupe::detail
