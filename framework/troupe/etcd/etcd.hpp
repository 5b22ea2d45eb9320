// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names kept by etcd, for hosts that have one: of the component troupe::etcd.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/options.hpp>

namespace troupe::etcd {

struct Options {
  /// Where its members answer clients: `http://HOST:PORT` or `https://...`. While one does not answer the next is asked.
  std::vector<std::string> endpoints = {};
  /// What all keys begin with. Programs share their names if they share etcd and this.
  std::string prefix = "/troupe/";
  /// How long names outlive a host that dies without a word, in whole seconds. 10 s, as `NodeOptions::dead_after`: a restarted switch,
  /// or the election of another leader, costs no names.
  Duration lease = std::chrono::seconds{10};
  /// How long a call tries before it ends as NodeLost (`unreachable`). 5 s: longer than an election takes.
  Duration timeout = std::chrono::seconds{5};
  /// Of https, as files in PEM: who is trusted besides the system's authorities, and what this host shows. Empty: none.
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string key_file = {};
};

/// Has the names of a node and its children kept by etcd (3.4 or later). To be called before the Node line:
///
///     troupe::NodeOptions options;
///     troupe::etcd::use(options, "http://127.0.0.1:2379");
///     troupe::Node node{argc, argv, options};
///
/// Only the first process of a host talks to etcd, on a thread of its own; its children ask it. So each host of a job has its lease.
/// @throws Misuse  no endpoint, one that is none, an empty prefix, a lease below a second or no timeout
/// Connects to nothing yet.
void use(NodeOptions& options, Options etcd);
/// The same with the default options.
/// @param endpoints  one, or several with commas between
void use(NodeOptions& options, const std::string& endpoints);

}  // namespace troupe::etcd
