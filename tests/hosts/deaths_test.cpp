// troupe: actors in processes. Apache-2.0, see LICENSE.
// How the ends of processes are told on other hosts, and what ends with them.
#include "actor/supervised.hpp"
#include "hosts/job.hpp"

using namespace troupe;
using Catch::Matchers::Contains;

namespace {

/// Watches, and says what it is told to a journal.
struct Watched {
  Ref<Guest> guest;
};
struct Endings {};
class Witness : public Actor<Witness, Watched, Down, Endings> {
 public:
  void on(const Watched& watched) { watch(watched.guest); }
  void on(const Down& down) { downs_.push_back(down); }
  std::vector<Down> on(const Endings&) const { return downs_; }

 private:
  std::vector<Down> downs_;
};

int hire_and_wait(const std::string& host, const Queue<int>& pids) {
  const auto guest = this_node().spawn<Guest>(on_host(host));
  Queue<int>{pids}.put_confirmed(self_of(guest).pid);
  for (;;) ::pause();
}

struct Three {
  Three() {
    Node& node = job.head();
    second = &job.host("second");
    third = &job.host("third");
    node.wait_for_hosts(3);
  }
  Node& node() { return job.node(); }
  Job job;
  Program* second = nullptr;
  Program* third = nullptr;
};

Down end_seen_by(const Ref<Witness>& witness) {
  std::vector<Down> downs;
  REQUIRE(eventually([&] {
    downs = witness.ask(Endings{}).get();
    return !downs.empty();
  }));
  REQUIRE(downs.size() == 1);
  return downs.front();
}

}  // namespace

TEST_CASE("a process's end is told on other hosts with its reason, signal or exit code") {
  Three hosts;
  const auto guest = hosts.node().spawn<Guest>(on_host("second"));
  std::vector<Ref<Witness>> witnesses;
  for (const Place& place : {here, own_process, on_host("second"), on_host("third")}) {
    witnesses.push_back(hosts.node().spawn<Witness>(place));
    witnesses.back().tell(Watched{guest});
    (void)witnesses.back().ask(Endings{}).get();
  }
  const int pid = self_of(guest).pid;

  SECTION("killed") {
    ::kill(pid, SIGKILL);
    for (const auto& witness : witnesses) {
      const Down down = end_seen_by(witness);
      CHECK(down.reason == Exit::killed);
      CHECK(down.signal == SIGKILL);
    }
  }
  SECTION("left by itself") {
    guest.tell(Leave{7});
    for (const auto& witness : witnesses) {
      const Down down = end_seen_by(witness);
      CHECK(down.reason == Exit::failed);
      CHECK(down.exit_code == 7);
    }
  }
  SECTION("failed") {
    guest.tell(Boom{});
    for (const auto& witness : witnesses) {
      const Down down = end_seen_by(witness);
      CHECK(down.reason == Exit::failed);
      CHECK_THAT(chain_text(down.error), Contains("boom"));
    }
  }
  SECTION("stopped") {
    guest.stop();
    for (const auto& witness : witnesses) CHECK(end_seen_by(witness).reason == Exit::normal);
  }
  CHECK(eventually([&] { return has_ended(pid); }));
}

TEST_CASE("a process that has been dead for a while is known to be by who watches it late") {
  Three hosts;
  const auto guest = hosts.node().spawn<Guest>(on_host("second"));
  const int pid = self_of(guest).pid;
  ::kill(pid, SIGKILL);
  (void)error_of(guest.ask(WhoAreYou{}));

  const auto witness = hosts.node().spawn<Witness>(on_host("third"));
  witness.tell(Watched{guest});

  CHECK(end_seen_by(witness).reason == Exit::killed);
}

TEST_CASE("asks to a process that dies on another host end at once, and later ones too") {
  Three hosts;
  const auto guest = hosts.node().spawn<Guest>(on_host("second"));
  const int pid = self_of(guest).pid;
  guest.tell(Sleep{});
  std::vector<Future<Self>> asked;
  for (int i = 0; i < 10; ++i) asked.push_back(guest.ask(WhoAreYou{}, forever));

  const auto began = std::chrono::steady_clock::now();
  ::kill(pid, SIGKILL);

  for (auto& future : asked) CHECK(error_of(std::move(future)).type == ErrorType::actor_died);
  CHECK(error_of(guest.ask(WhoAreYou{})).code == Errc::died);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("a supervised actor whose process is killed on another host comes back there") {
  using namespace supervised;
  Three hosts;
  Supervisor supervisor{hosts.node(), quick()};
  const auto worker = supervisor.spawn<Worker>(on_host("second"));
  CHECK(worker.ask(Bump{}).get() == 1);
  int pid = pid_of(worker);

  for (int round = 0; round < 3; ++round) {
    ::kill(pid, SIGKILL);
    REQUIRE(eventually([&] { return has_ended(pid); }));
    const int next = pid_of(worker);
    REQUIRE(next != 0);
    CHECK(next != pid);
    pid = next;
  }

  CHECK(worker.ask(Bump{}).get() == 1);
  const auto family = hosts.second->family();
  CHECK(std::count(family.begin(), family.end(), pid) == 1);
  supervisor.stop();
  CHECK(eventually([&] { return has_ended(pid); }));
}

TEST_CASE("what runs on another host ends with the actor that started it") {
  Three hosts;
  const auto place = GENERATE(as<Place>{}, here, own_process, on_host("third"));
  const auto owner = hosts.node().spawn<Boss>(place);
  const auto guest = owner.ask(Hire{"second"}).get();
  const int pid = self_of(guest).pid;

  owner.stop();

  CHECK(eventually([&] { return has_ended(pid); }));
  CHECK(error_of(guest.ask(WhoAreYou{})).code == Errc::closed);
}

TEST_CASE("what runs on another host ends with the process that started it, when that is killed") {
  Three hosts;
  int owner = 0;
  int pid = 0;

  SECTION("an actor's") {
    const auto place = GENERATE(as<Place>{}, own_process, on_host("third"));
    const auto actor = hosts.node().spawn<Boss>(place);
    owner = actor.ask(WhoAreYou{}).get().pid;
    pid = self_of(actor.ask(Hire{"second"}).get()).pid;
    ::kill(owner, SIGKILL);
  }
  SECTION("a function's") {
    Queue<int> pids{hosts.node()};
    const auto process = hosts.node().start<hire_and_wait>(std::string{"second"}, pids);
    pid = pids.get();
    process.kill();
    process.join();
  }
  SECTION("a function's, on a third host") {
    Queue<int> pids{hosts.node()};
    const auto process = hosts.node().start<hire_and_wait>({.place = on_host("third")}, std::string{"second"}, pids);
    pid = pids.get();
    ::kill(process.pid(), SIGKILL);
    process.join();
    CHECK(process.exit_code() == -SIGKILL);
  }

  CHECK(eventually([&] { return has_ended(pid); }));
}
