// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names kept by a real etcd: the list that all directories keep to.
#include "etcd/etcd_server.hpp"

#include <troupe/etcd/etcd.hpp>

namespace {

/// Two hosts, each with its lease.
struct Etcd {
  static std::string missing() { return EtcdServer::missing(); }
  static troupe::NodeOptions options() {
    static const EtcdServer server;
    troupe::NodeOptions options;
    troupe::etcd::use(options, server.endpoint(0));
    return options;
  }
  static void join(troupe::Node&, troupe::Node&) {}
};

}  // namespace

#define ENGINES Etcd
#include "cluster/directory_conformance.hpp"
