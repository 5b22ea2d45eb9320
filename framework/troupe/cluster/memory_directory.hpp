// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names in the memory of one process: what the head of several hosts has.
#pragma once

#include <string>
#include <vector>

#include <troupe/cluster/directory.hpp>
#include <troupe/cluster/name_listeners.hpp>

namespace troupe::detail {

class MemoryDirectory final : public Directory {
 public:
  Future<void> publish(const std::string& name, const NameBytes& bytes) override;
  Future<void> unpublish(const std::string& name) override;
  Future<NameBytes> find(const std::string& name) override;
  Future<NameBytes> await(const std::string& name) override;
  Future<std::vector<NameChange>> changes(Since since) override;

 private:
  NameListeners names_;
};

}  // namespace troupe::detail
