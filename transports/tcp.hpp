// troupe: actors in processes. Apache-2.0, see LICENSE.
// `tcp://HOST:PORT`: so far only on loopback, and only where the user said `insecure`.
#pragma once

#include <memory>
#include <string>

#include "transports/scheme.hpp"

namespace troupe::detail {

/// HOST is 127.0.0.0/8, [::1] or localhost. Any user of the host may connect: hence `insecure`.
class Tcp final : public Scheme {
 public:
  std::unique_ptr<Binding> listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) override;
  std::unique_ptr<Link> dial(const std::string& endpoint) override;
};

}  // namespace troupe::detail
