// troupe: actors in processes. Apache-2.0, see LICENSE.
// Much and large between processes of different hosts, also while the connections between these break.
#include "hosts/job.hpp"
#include "hosts/tcp_cutter.hpp"

#include <numeric>
#include <random>

using namespace troupe;

namespace {

struct Number {
  std::uint64_t value = 0;
};
struct Large {
  std::vector<std::uint64_t> numbers;
};
struct Report {
  std::uint64_t count = 0;
  std::uint64_t disorder = 0;
};
struct Seen {};
// Expects numbers one after the other; a large message comes back.
class Counter : public Actor<Counter, Number, Large, Seen> {
 public:
  void on(const Number& number) {
    if (number.value != report_.count) ++report_.disorder;
    ++report_.count;
  }
  Large on(const Large& large) const { return large; }
  Report on(const Seen&) const { return report_; }

 private:
  Report report_;
};

struct Flood {
  Ref<Counter> to;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};
struct Relay {
  Ref<Counter> to;
  std::uint64_t bytes = 0;
};
class Sender : public Actor<Sender, Flood, Relay> {
 public:
  void on(const Flood& flood) {
    for (std::uint64_t i = 0; i < flood.count; ++i) flood.to.tell(Number{flood.first + i}, forever);
  }
  bool on(const Relay& relay) {
    Large large;
    large.numbers.resize(relay.bytes / sizeof(std::uint64_t));
    std::iota(large.numbers.begin(), large.numbers.end(), relay.bytes);
    return relay.to.ask(large, 50s).get().numbers == large.numbers;
  }
};

// What a handler told may still wait in its actor's outbox when it has answered.
Report all_seen(const Ref<Counter>& counter, std::uint64_t all) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  Report report = counter.ask(Seen{}, 20s).get();
  while (report.count < all && std::chrono::steady_clock::now() < until) report = counter.ask(Seen{}, 20s).get();
  return report;
}

struct Three {
  explicit Three(Security security = Security::keys) : job{security} {
    Node& node = job.head();
    job.host("second");
    job.host("third");
    node.wait_for_hosts(3);
  }
  Node& node() { return job.node(); }
  Job job;
};

}  // namespace

TEST_CASE("a message of 30 MiB goes to a process of another host and comes back, whole") {
  Three hosts{GENERATE(both_securities)};
  const auto counter = hosts.node().spawn<Counter>(on_host("second"));
  const auto sender = hosts.node().spawn<Sender>(on_host("third"));

  auto relayed = sender.ask(Relay{counter, 30 << 20}, 50s);
  std::uint64_t asks = 0;
  for (; !relayed.ready(); ++asks) (void)counter.ask(Seen{}, 20s).get();

  CHECK(relayed.get());
  CHECK(asks > 0);
  CHECK(sender.ask(Relay{hosts.node().spawn<Counter>(), 30 << 20}, 50s).get());
}

TEST_CASE("numbered messages between processes of two hosts arrive once and in order while the connections of the hosts are cut") {
  constexpr int cuts = 20;
  constexpr std::uint64_t all = sanitized ? 40'000 : 200'000;
  constexpr std::uint64_t slice = 1000;
  CapturedLog log;
  Job job;
  Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);
  const auto there = node.spawn<Counter>(on_host("second"));
  const auto own = node.spawn<Counter>(own_process);
  const auto sender_there = node.spawn<Sender>(on_host("second"));
  const auto sender_own = node.spawn<Sender>(own_process);
  const std::uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const TcpCutter cutter;

  int made = 0;
  std::uint64_t next = 0;
  for (; next < all; next += slice) {
    auto outwards = sender_own.ask(Flood{there, next, slice}, forever);
    auto inwards = sender_there.ask(Flood{own, next, slice}, forever);
    const bool due = next * cuts / all >= static_cast<std::uint64_t>(made);
    if (due && cutter.cut(random)) ++made;
    outwards.get();
    inwards.get();
  }

  CHECK(made == cuts);
  for (const auto& counter : {there, own}) {
    const Report report = all_seen(counter, all);
    CHECK(report.count == all);
    CHECK(report.disorder == 0);
  }
  CHECK(names_of(node.hosts()) == std::vector<std::string>{"head", "second"});
}

TEST_CASE("a third host's messages arrive in order while another one's connections are cut") {
  CapturedLog log;
  Three hosts;
  const auto counter = hosts.node().spawn<Counter>(on_host("second"));
  const auto sender = hosts.node().spawn<Sender>(on_host("third"));
  std::mt19937 random{std::random_device{}()};
  const TcpCutter cutter;

  auto sent = sender.ask(Flood{counter, 0, 50'000}, forever);
  for (int made = 0; made < 5;)
    if (cutter.cut(random)) ++made;
  sent.get();

  const Report report = all_seen(counter, 50'000);
  CHECK(report.count == 50'000);
  CHECK(report.disorder == 0);
}
