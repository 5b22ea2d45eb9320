// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/placement.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace bench {

namespace {

constexpr const char* variable = "TROUPE_BENCH_ANSWERS";  // "free", or the core to go to

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) throw std::runtime_error{"cannot pin to core " + std::to_string(core)};
}

int start_neighbour(Cores cores) {
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid < 0) throw std::runtime_error{"no process for the busy neighbour"};
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  if (cores == Cores::pinned) begin_answering_side();
  for (volatile unsigned turns = 0;;) turns = turns + 1;
}

}  // namespace

bool can_pin() { return usable_cores().size() >= 2; }

void begin_asking_side(Cores cores) {
  if (cores == Cores::free) {
    ::setenv(variable, "free", 1);
    return;
  }
  const std::vector<int> usable = usable_cores();
  if (usable.size() < 2) throw std::runtime_error{"pinned runs need two cores"};
  ::setenv(variable, std::to_string(usable[1]).c_str(), 1);
  pin_to(usable[0]);
}

bool is_answering_side() { return std::getenv(variable) != nullptr; }

void begin_answering_side() {
  const std::string_view where = std::getenv(variable);
  if (where != "free") pin_to(std::stoi(std::string{where}));
}

BusyNeighbour::BusyNeighbour(Cores cores) : pid_{start_neighbour(cores)} {}

BusyNeighbour::~BusyNeighbour() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace bench
