// troupe: actors in processes. Apache-2.0, see LICENSE.
// What it takes that another host belongs to the job, and that its processes find others.
#include <troupe/troupe.hpp>

#include <unistd.h>

#include <string>
#include <vector>

#include <troupe/cluster/host_agent.hpp>
#include <troupe/node/core.hpp>

#include "benchmarks/measurements.hpp"
#include "benchmarks/two_hosts.hpp"

namespace bench {

struct Greet {};
struct FindMany {
  std::string name;
  std::uint64_t count = 0;
};

/// Both what is found and who finds it.
class Finder : public troupe::Actor<Finder, Greet, FindMany> {
 public:
  void on(const Greet&) const {}
  /// Microseconds for each.
  double on(const FindMany& many) {
    (void)node().find<Finder>(many.name);
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < many.count; ++i) (void)node().find<Finder>(many.name);
    return watch.microseconds() / static_cast<double>(many.count);
  }
};

double ask_host_node(const Run& run) {
  using namespace troupe::detail;
  TwoHosts hosts;
  NodeCore& core = hosts.head().core();
  troupe::Ref<HostAgent> other;
  for (const HostEntry& each : host_agent(core).ask(HostsWanted{}).get().hosts)
    if (!each.host.head) other = troupe::Ref<HostAgent>{core.cell_at(each.agent, each.endpoint)};
  const std::size_t count = run.count(8000);
  for (int i = 0; i < 200; ++i) (void)other.ask(HostsWanted{}).get();
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) (void)other.ask(HostsWanted{}).get();
  return watch.microseconds() / static_cast<double>(count);
}

double join_host(const Run& run) {
  std::vector<double> times;
  for (std::size_t i = 0; i < run.count(10); ++i) {
    TwoHosts hosts{TwoHosts::Other::absent};
    const Stopwatch watch;
    hosts.join();
    hosts.head().spawn<Finder>(TwoHosts::other()).ask(Greet{}).get();
    times.push_back(watch.seconds() * 1e3);
  }
  return median(times);
}

double find_name(const Run& run) {
  TwoHosts hosts;
  const std::string name = "troupe-bench-" + std::to_string(::getpid());
  hosts.head().publish(name, hosts.head().spawn<Finder>());
  return hosts.head().spawn<Finder>(TwoHosts::other()).ask(FindMany{name, run.count(2000)}, troupe::forever).get();
}

}  // namespace bench
