// troupe: actors in processes. Apache-2.0, see LICENSE.
// A node whose children talk over a given transport.
#pragma once

#include <troupe/node/options.hpp>

namespace bench {

inline troupe::NodeOptions over(troupe::ChildTransport transport) {
  troupe::NodeOptions options;
  options.child_transport = transport;
  options.insecure = transport == troupe::ChildTransport::tcp;
  return options;
}

}  // namespace bench
