// troupe: actors in processes. Apache-2.0, see LICENSE.
// What hosts do when their cables are pulled, lose or are slow. This test is the head, beside the hosts of hosts.sh at `outside`.
#include "hosts/job.hpp"
#include "patterns/pools.hpp"

#include <numeric>

using namespace troupe;
using Catch::Matchers::Contains;

namespace {

const std::string hosts_script = TROUPE_SOURCE_DIR "/tests/lab/hosts.sh";

/// `hosts.sh ARGUMENTS`
void lab(const std::string& arguments) { REQUIRE(std::system((hosts_script + ' ' + arguments).c_str()) == 0); }

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
// Expects numbers one after the other.
class Counter : public Actor<Counter, Number, Large, Seen> {
 public:
  void on(const Number& number) {
    if (number.value != report_.count) ++report_.disorder;
    ++report_.count;
  }
  std::uint64_t on(const Large& large) const { return std::accumulate(large.numbers.begin(), large.numbers.end(), std::uint64_t{0}); }
  Report on(const Seen&) const { return report_; }

 private:
  Report report_;
};

struct Flood {
  Ref<Counter> to;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};
class Sender : public Actor<Sender, Flood> {
 public:
  std::uint64_t on(const Flood& flood) {
    for (std::uint64_t i = 0; i < flood.count; ++i) flood.to.tell(Number{flood.first + i}, forever);
    return flood.first + flood.count;
  }
};

struct Changes {};
class HostJournal : public Actor<HostJournal, HostUp, HostDown, Changes> {
 public:
  void on(const HostUp& up) { changes_.push_back("+" + up.host.name); }
  void on(const HostDown& down) { changes_.push_back("-" + down.host.name + ": " + std::string{to_string(down.reason.code)}); }
  std::vector<std::string> on(const Changes&) const { return changes_; }

 private:
  std::vector<std::string> changes_;
};

/// The head here, other hosts on h2 and h3.
struct Lab {
  explicit Lab(std::chrono::milliseconds dead_after, std::chrono::milliseconds rejoin = 30s) {
    job.dead_after = dead_after;
    job.rejoin = rejoin;
    job.through = [](const std::string& name) { return std::vector<std::string>{hosts_script, "on", name}; };
    Node& node = job.head();
    second = &job.host("h2", {"--troupe-slots=2"});
    third = &job.host("h3", {"--troupe-slots=2"});
    node.wait_for_hosts(3);
    journal = node.spawn<HostJournal>();
    node.watch_hosts(journal, journal);
  }
  Node& node() { return job.node(); }
  std::vector<std::string> changes() { return journal.ask(Changes{}).get(); }
  Job job{Security::keys, "10.9.0.254"};
  Program* second = nullptr;
  Program* third = nullptr;
  Ref<HostJournal> journal;
};

using Texts = std::vector<std::string>;

/// Numbers between two hosts, both ways, until `enough` and not fewer than `least` of them.
struct Traffic {
  Traffic(Node& node, const Place& one, const Place& other)
      : counters{node.spawn<Counter>(one), node.spawn<Counter>(other)}, senders{node.spawn<Sender>(other), node.spawn<Sender>(one)} {}
  void flow(const std::function<bool()>& enough, std::uint64_t least) {
    constexpr std::uint64_t slice = 500;
    while (!enough() || next < least) {
      auto there = senders[0].ask(Flood{counters[0], next, slice}, forever);
      auto back = senders[1].ask(Flood{counters[1], next, slice}, forever);
      next = there.get();
      CHECK(back.get() == next);
    }
    for (const auto& counter : counters) {
      // What a handler told may still lie in its outbox when it has ended; and TCP doubles its pauses on a line that loses packets.
      REQUIRE(eventually([&] { return counter.ask(Seen{}, 60s).get().count >= next; }, 60s));
      const Report report = counter.ask(Seen{}).get();
      CHECK(report.count == next);
      CHECK(report.disorder == 0);
    }
  }
  std::array<Ref<Counter>, 2> counters;
  std::array<Ref<Sender>, 2> senders;
  std::uint64_t next = 0;
};

auto after_a_while(std::chrono::milliseconds pause) {
  return [until = std::chrono::steady_clock::now() + pause] { return std::chrono::steady_clock::now() >= until; };
}

}  // namespace

TEST_CASE("A cable that is pulled for two seconds loses nothing") {
  Lab hosts{10s};
  Traffic traffic{hosts.node(), own_process, on_host("h2")};
  traffic.flow(after_a_while(100ms), 1000);
  lab("cut h2");
  std::thread healer{[] {
    std::this_thread::sleep_for(2s);
    lab("heal h2");
  }};

  traffic.flow(after_a_while(2s), 20'000);

  healer.join();
  CHECK(hosts.changes().empty());
}

TEST_CASE("A host whose cable stays pulled is unreachable, the pool goes on without it, and it joins anew and works again") {
  Lab hosts{2s};
  const auto guest = hosts.node().spawn<Guest>(on_host("h2"));
  const int pid = self_of(guest).pid;
  Pool pool{hosts.node(), {.workers = 6, .place = every_host, .retries = 5}};
  const auto numbers = numbers_to(100'000);
  std::size_t right = 0;

  lab("cut h2");
  for (const int each : pool.imap<square>(numbers)) {
    if (each != static_cast<int>(right * right)) break;
    ++right;
  }
  const ErrorInfo error = error_of(guest.ask(WhoAreYou{}));
  lab("heal h2");

  CHECK(right == numbers.size());
  CHECK(error.code == Errc::unreachable);
  CHECK(eventually([&] { return hosts.changes() == Texts{"-h2: unreachable", "+h2"}; }));
  CHECK(eventually([&] { return has_ended(pid); }));
  CHECK(self_of(hosts.node().spawn<Guest>(on_host("h2"))).host == "h2");
  CHECK(pool.map<square>(numbers_to(1000)) == squares_to(1000));
}

TEST_CASE("A host that is heard but does not hear is given up, and joins anew") {
  Lab hosts{2s};
  const auto guest = hosts.node().spawn<Guest>(on_host("h2"));
  (void)self_of(guest);

  lab("drop outside h2");

  CHECK(error_of(guest.ask(WhoAreYou{})).code == Errc::unreachable);
  lab("clear outside");
  CHECK(eventually([&] { return hosts.changes() == Texts{"-h2: unreachable", "+h2"}; }));
  CHECK(self_of(hosts.node().spawn<Guest>(on_host("h2"))).host == "h2");
}

TEST_CASE("A host that hears but is not heard is given up, and joins anew") {
  Lab hosts{2s};
  const auto guest = hosts.node().spawn<Guest>(on_host("h2"));
  (void)self_of(guest);

  lab("drop h2 outside");

  CHECK(error_of(guest.ask(WhoAreYou{})).code == Errc::unreachable);
  lab("clear h2");
  CHECK(eventually([&] { return hosts.changes() == Texts{"-h2: unreachable", "+h2"}; }));
  CHECK(self_of(hosts.node().spawn<Guest>(on_host("h2"))).host == "h2");
}

TEST_CASE("Two hosts without a way to each other keep the one to the head") {
  Lab hosts{2s};
  lab("drop h2 h3");
  lab("drop h3 h2");

  CHECK(self_of(hosts.node().spawn<Guest>(on_host("h2"))).host == "h2");
  CHECK(self_of(hosts.node().spawn<Guest>(on_host("h3"))).host == "h3");
  CHECK(names_of(hosts.node().hosts()) == Texts{"h2", "h3", "head"});
}

TEST_CASE("A fifth of all packets lost between hosts kills nobody and loses nothing") {
  Lab hosts{10s};
  Traffic traffic{hosts.node(), on_host("h3"), on_host("h2")};
  lab("lose h2 20");
  lab("lose h3 20");

  traffic.flow(after_a_while(3s), 2000);

  CHECK(hosts.changes().empty());
}

TEST_CASE("A message of 10 MiB on a line of 1 Mbit/s kills nobody, and asks beside it are answered soon") {
  Lab hosts{10s};  // it takes 90 s
  const auto counter = hosts.node().spawn<Counter>(on_host("h2"));
  const auto guest = hosts.node().spawn<Guest>(on_host("h2"));
  (void)self_of(guest);
  Large large;
  large.numbers.resize((10 << 20) / sizeof(std::uint64_t));
  std::iota(large.numbers.begin(), large.numbers.end(), 0);
  lab("slow h2 1mbit");

  auto sum = counter.ask(large, 150s);
  int asks = 0;
  for (; !sum.ready(); ++asks) CHECK_NOTHROW(guest.ask(WhoAreYou{}, 5s).get());

  CHECK(sum.get() == std::accumulate(large.numbers.begin(), large.numbers.end(), std::uint64_t{0}));
  CHECK(asks > 30);
  CHECK(hosts.changes().empty());
}

TEST_CASE("A host that does not find its head again keeps what runs meanwhile, and leaves with 3") {
  Lab hosts{2s, 2s};
  const auto guest = hosts.node().spawn<Guest>(on_host("h2"));
  const int pid = self_of(guest).pid;

  lab("cut h2");

  CHECK(hosts.second->prints("is lost"));
  CHECK_FALSE(has_ended(pid));
  const int status = hosts.second->status();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  CHECK(hosts.second->family_ends(10s));
  CHECK(has_ended(pid));
  CHECK(eventually([&] { return hosts.changes() == Texts{"-h2: unreachable"}; }));
  CHECK(names_of(hosts.node().hosts()) == Texts{"h3", "head"});
}
