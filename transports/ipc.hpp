// troupe: actors in processes. Apache-2.0, see LICENSE.
// `ipc:///PATH`: Unix sockets between processes of one user on one host.
#pragma once

#include <memory>
#include <string>

#include "transports/scheme.hpp"

namespace troupe::detail {

/// An endpoint is two files: the socket PATH, mode 0700, and PATH.lock, flocked by its owner as long as that lives and holding its pid.
/// Nobody takes a living owner's endpoint; a dead one's is taken over or swept.
class Ipc final : public Scheme {
 public:
  std::unique_ptr<Binding> listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) override;
  std::unique_ptr<Link> dial(const std::string& endpoint) override;
};

/// As `Transport::sweep`.
void sweep_ipc(const std::string& directory);

}  // namespace troupe::detail
