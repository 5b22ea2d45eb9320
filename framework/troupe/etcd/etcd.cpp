// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/etcd.hpp>

#include <memory>
#include <sstream>
#include <utility>

#include <troupe/etcd/etcd_directory.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::etcd {

void use(NodeOptions& options, Options etcd) {
  if (etcd.endpoints.empty()) throw Misuse{"etcd::use needs an endpoint, such as http://127.0.0.1:2379"};
  for (auto& endpoint : etcd.endpoints) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://"))
      throw Misuse{"'" + endpoint + "' is no endpoint of etcd: it looks like http://HOST:PORT"};
  }
  if (etcd.prefix.empty()) throw Misuse{"etcd::use needs a prefix: all of etcd is not for names alone"};
  if (etcd.lease < std::chrono::seconds{1}) throw Misuse{"a lease of etcd lasts at least a second"};
  if (etcd.timeout <= Duration::zero()) throw Misuse{"etcd::use needs a timeout"};
  options.directory = [etcd = std::move(etcd)] { return std::make_unique<detail::EtcdDirectory>(etcd); };
}

void use(NodeOptions& options, const std::string& endpoints) {
  Options etcd;
  std::istringstream list{endpoints};
  for (std::string endpoint; std::getline(list, endpoint, ',');) etcd.endpoints.push_back(endpoint);
  use(options, std::move(etcd));
}

}  // namespace troupe::etcd
