// troupe: actors in processes. Apache-2.0, see LICENSE.
// A user's program over several hosts: program HOSTS [work|wait]. It says what hosts there are and that it can use each; with `work` it
// has a pool on all of them work until its input ends, and with `wait` it waits for that.
#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

struct Where {};
struct Guide : troupe::Actor<Guide, Where> {
  std::string on(const Where&) { return node().host_name(); }
};

struct Watcher : troupe::Actor<Watcher, troupe::HostUp, troupe::HostDown> {
  void on(const troupe::HostUp& up) { std::cout << "up " + up.host.name + '\n' << std::flush; }
  void on(const troupe::HostDown& down) { std::cout << "down " + down.host.name + '\n' << std::flush; }
};

int square(int number) {
  std::this_thread::sleep_for(1ms);
  return number * number;
}

void read_all() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << line << '\n' << std::flush;
}

/// @returns how many times a pool on all hosts computed the same right sum until the input ended; -1: once it was wrong
int work(troupe::Node& node, std::size_t hosts) {
  std::vector<int> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 1);
  troupe::Pool pool{node, {.workers = 2 * hosts, .place = troupe::every_host, .retries = 5}};
  auto input = std::async(std::launch::async, read_all);
  std::cout << "working\n" << std::flush;
  int rounds = 0;
  do {
    const auto squares = pool.map<square>(numbers);
    if (std::accumulate(squares.begin(), squares.end(), 0) != 338350) return -1;
    ++rounds;
  } while (input.wait_for(0s) != std::future_status::ready);
  return rounds;
}

}  // namespace

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  const std::size_t hosts = std::stoul(argv[1]);
  const std::string mode = argc > 2 ? argv[2] : "";
  node.wait_for_hosts(hosts, 30s);
  for (const troupe::Host& host : node.hosts()) {
    std::cout << host.name << ' ' << host.slots << (host.head ? " head" : "");
    for (const std::string& label : host.labels) std::cout << ' ' << label;
    std::cout << '\n';
  }
  for (const troupe::Host& host : node.hosts())
    std::cout << "on " << node.spawn<Guide>(troupe::on_host(host.name)).ask(Where{}).get() << '\n' << std::flush;

  const auto watcher = node.spawn<Watcher>(troupe::here);
  node.watch_hosts(watcher, watcher);
  if (mode == "wait") {
    std::cout << "waiting\n" << std::flush;
    read_all();
  }
  if (mode == "work") std::cout << (work(node, hosts) > 0 ? "right\n" : "wrong\n") << std::flush;
}
