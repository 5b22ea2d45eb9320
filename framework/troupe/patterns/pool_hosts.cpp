// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pool_hosts.hpp>

#include <algorithm>

namespace troupe::detail {

namespace {

std::size_t workers_of(const PoolHosts::Workers& workers, const Host& host) {
  const auto found = workers.find(host.name);
  return found == workers.end() ? 0 : found->second;
}

double load(const PoolHosts::Workers& workers, const Host& host) {
  const std::size_t there = workers_of(workers, host);
  return there == 0 ? -1.0 : static_cast<double>(there + 1) / static_cast<double>(std::max<std::size_t>(host.slots, 1));
}

}  // namespace

void PoolHosts::add(const Host& host) {
  remove(host.name);
  hosts_.push_back(host);
}

void PoolHosts::remove(const std::string& name) {
  std::erase_if(hosts_, [&](const Host& each) { return each.name == name; });
}

std::size_t PoolHosts::slots() const noexcept {
  std::size_t all = 0;
  for (const Host& host : hosts_) all += host.slots;
  return std::max<std::size_t>(all, 1);
}

const std::string& PoolHosts::next(const Workers& workers) const {
  return std::min_element(hosts_.begin(), hosts_.end(),
                          [&](const Host& left, const Host& right) { return load(workers, left) < load(workers, right); })
      ->name;
}

const std::string& PoolHosts::fullest(const Workers& workers) const {
  return std::max_element(hosts_.begin(), hosts_.end(),
                          [&](const Host& left, const Host& right) { return load(workers, left) < load(workers, right); })
      ->name;
}

std::optional<std::string> PoolHosts::too_full(const Workers& workers) const {
  const bool missing = std::any_of(hosts_.begin(), hosts_.end(), [&](const Host& each) { return workers_of(workers, each) == 0; });
  if (!missing) return std::nullopt;
  const auto most = std::max_element(hosts_.begin(), hosts_.end(), [&](const Host& left, const Host& right) {
    return workers_of(workers, left) < workers_of(workers, right);
  });
  if (most == hosts_.end() || workers_of(workers, *most) < 2) return std::nullopt;
  return most->name;
}

}  // namespace troupe::detail
