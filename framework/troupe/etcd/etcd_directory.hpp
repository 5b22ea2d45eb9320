// troupe: actors in processes. Apache-2.0, see LICENSE.
// The directory of names that etcd keeps.
#pragma once

#include <string>
#include <vector>

#include <troupe/cluster/directory.hpp>
#include <troupe/etcd/claims.hpp>
#include <troupe/etcd/http_loop.hpp>
#include <troupe/etcd/lease.hpp>
#include <troupe/etcd/members.hpp>
#include <troupe/etcd/name_stream.hpp>

namespace troupe::etcd::detail {

/// Its names hang on one lease. At its end that is given back, within a second; else they go when it ends by itself.
class EtcdDirectory final : public Directory {
 public:
  explicit EtcdDirectory(const Options& options);
  ~EtcdDirectory() override;

  Future<void> publish(const std::string& name, const NameBytes& bytes) override;
  Future<void> unpublish(const std::string& name) override;
  Future<NameBytes> find(const std::string& name) override;
  Future<NameBytes> await(const std::string& name) override;
  Future<std::vector<NameChange>> changes(Since since) override;
  void leave(Duration patience) noexcept override;

 private:
  const std::string prefix_;
  HttpLoop loop_;
  Members members_;
  Lease lease_;
  Claims claims_;
  NameStream stream_;
};

}  // namespace troupe::etcd::detail
