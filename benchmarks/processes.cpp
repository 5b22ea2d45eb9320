// troupe: actors in processes. Apache-2.0, see LICENSE.
// How long a process actor takes to begin, and what a troupe costs that has nothing to do.
#include <troupe/troupe.hpp>

#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "benchmarks/measurements.hpp"

namespace bench {

struct WhichProcess {};

class Resident : public troupe::Actor<Resident, WhichProcess> {
 public:
  std::int32_t on(const WhichProcess&) const { return ::getpid(); }
};

namespace {

double cpu_ms(int pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    throw std::runtime_error{"process " + std::to_string(pid) + " is gone"};
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

double cpu_ms(const std::vector<int>& pids) {
  double sum = 0;
  for (const int pid : pids) sum += cpu_ms(pid);
  return sum;
}

}  // namespace

double process_start(const Run& run) {
  troupe::Node node;
  std::vector<double> times;
  for (std::size_t i = 0; i < run.count(20); ++i) {
    const Stopwatch watch;
    const auto resident = node.spawn<Resident>(troupe::own_process);
    (void)resident.ask(WhichProcess{}).get();
    times.push_back(watch.seconds() * 1e3);
    resident.stop();
  }
  return median(times);
}

double process_start_4(const Run& run) {
  troupe::Node node;
  std::vector<double> times;
  for (std::size_t i = 0; i < run.count(10); ++i) {
    const Stopwatch watch;
    std::vector<troupe::Ref<Resident>> residents(4);
    {
      std::vector<std::jthread> starters;
      for (auto& resident : residents)
        starters.emplace_back([&] {
          resident = node.spawn<Resident>(troupe::own_process);
          (void)resident.ask(WhichProcess{}).get();
        });
    }
    times.push_back(watch.seconds() * 1e3);
    for (const auto& resident : residents) resident.stop();
  }
  return median(times);
}

double idle_cpu(const Run& run) {
  constexpr int processes = 4;
  constexpr int actors = 10;
  const std::chrono::seconds span{run.effort == Effort::quick ? 2 : 10};
  troupe::Node node;
  std::vector<troupe::Ref<Resident>> residents;
  for (int i = 0; i < processes; ++i) residents.push_back(node.spawn<Resident>(troupe::own_process));
  for (int i = 0; i < actors; ++i) residents.push_back(node.spawn<Resident>());
  std::vector<int> pids{::getpid()};
  for (const auto& resident : residents) {
    const int pid = resident.ask(WhichProcess{}).get();
    if (pid != ::getpid()) pids.push_back(pid);
  }
  expect_count("processes", pids.size(), std::size_t{1 + processes});
  std::this_thread::sleep_for(std::chrono::milliseconds{200});  // what still settles is not idleness
  const double before = cpu_ms(pids);
  std::this_thread::sleep_for(span);
  return (cpu_ms(pids) - before) * 10 / static_cast<double>(span.count());
}

double raw_fork_exec(const Run& run) {
  std::vector<double> times;
  for (std::size_t i = 0; i < run.count(50); ++i) {
    const Stopwatch watch;
    char name[] = "/proc/self/exe";
    char option[] = "--nothing";
    char* arguments[] = {name, option, nullptr};
    int pid = 0;
    int status = 0;
    if (::posix_spawn(&pid, name, nullptr, nullptr, arguments, ::environ) != 0 || ::waitpid(pid, &status, 0) != pid)
      throw std::runtime_error{"this program can't be started again"};
    expect_count("exit code", status, 0);
    times.push_back(watch.seconds() * 1e3);
  }
  return median(times);
}

}  // namespace bench
