// troupe: actors in processes. Apache-2.0, see LICENSE.
// How the workers of a pool are spread over the hosts of a job.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/host.hpp>

namespace troupe::detail {

/// Threads: guarded by the pool's owner.
class PoolHosts {
 public:
  using Workers = std::map<std::string, std::size_t>;  // by host

  [[nodiscard]] bool known() const noexcept { return !hosts_.empty(); }
  void set(std::vector<Host> hosts) { hosts_ = std::move(hosts); }
  void add(const Host& host);
  void remove(const std::string& name);

  [[nodiscard]] std::size_t count() const noexcept { return hosts_.size(); }
  /// Processes that all hosts together are good for.
  [[nodiscard]] std::size_t slots() const noexcept;
  /// Where the next worker goes: to a host that has none, else to the one with the fewest for its slots. @pre known
  [[nodiscard]] const std::string& next(const Workers& workers) const;
  /// The one with the most workers for its slots: where one can be spared first. @pre known
  [[nodiscard]] const std::string& fullest(const Workers& workers) const;
  /// A host whose worker is to be ended, so that one can be started where there is none; nothing: all is well.
  [[nodiscard]] std::optional<std::string> too_full(const Workers& workers) const;

 private:
  std::vector<Host> hosts_;
};

}  // namespace troupe::detail
