// troupe: actors in processes. Apache-2.0, see LICENSE.
// `inproc://NAME`: nodes of one process, joined without a descriptor or a copy in between.
#pragma once

#include <memory>
#include <string>

#include "transports/scheme.hpp"

namespace troupe::detail {

/// Names are the process's. A link is open at once, or ended if nobody has the name; it ends when the inbox does, by `cut`,
/// or by a frame over the inbox's limit: as over ipc, what was under way is lost then.
class Inproc final : public Scheme {
 public:
  std::unique_ptr<Binding> listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) override;
  std::unique_ptr<Link> dial(const std::string& endpoint) override;
};

}  // namespace troupe::detail
