// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names as files of one host, and in the memory of a head: the list that all directories keep to.
#include <troupe/node/core.hpp>
#include <troupe/troupe.hpp>

namespace {

struct Files {
  static std::string missing() { return {}; }
  static troupe::NodeOptions options() { return {}; }
  static void join(troupe::Node&, troupe::Node&) {}
};

/// The names of both are kept by the first, as a job's head keeps those of its hosts.
struct Head {
  static std::string missing() { return {}; }
  static troupe::NodeOptions options() {
    troupe::NodeOptions options;
    options.listen = "tcp://127.0.0.1:*";
    options.insecure = true;
    return options;
  }
  static void join(troupe::Node& one, troupe::Node& other) { other.core().names().keep_at(one.core().names().for_others()); }
};

}  // namespace

#define ENGINES Files, Head
#include "cluster/directory_conformance.hpp"
