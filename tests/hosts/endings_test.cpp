// troupe: actors in processes. Apache-2.0, see LICENSE.
// How hosts leave a job: in order, by signals, by the head's end or loss.
#include "hosts/job.hpp"

using namespace troupe;
using Catch::Matchers::Contains;

namespace {

struct Changes {};
/// Writes down which hosts come and go.
class HostJournal : public Actor<HostJournal, HostUp, HostDown, Changes> {
 public:
  void on(const HostUp& up) { changes_.push_back("+" + up.host.name); }
  void on(const HostDown& down) { changes_.push_back("-" + down.host.name + ": " + std::string{to_string(down.reason.code)}); }
  std::vector<std::string> on(const Changes&) const { return changes_; }

 private:
  std::vector<std::string> changes_;
};

/// Two more hosts, somebody on one of them; then it waits for what comes.
int wait_with_hosts(int argc, char** argv, bool for_ever) {
  Node node{argc, argv, given_options()};
  node.wait_for_hosts(3);
  const auto guest = node.spawn<Guest>(on_host("second"));
  std::printf("guest %d.\n", self_of(guest).pid);
  std::fflush(stdout);
  while (for_ever) ::pause();
  return 0;
}
const ChildMain returns{"head that returns", [](int argc, char** argv) { return wait_with_hosts(argc, argv, false); }};
const ChildMain stays{"head that stays", [](int argc, char** argv) { return wait_with_hosts(argc, argv, true); }};

bool exited(Program& program, int code) {
  const int status = program.status();
  INFO(program.output());
  CAPTURE(status);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == code);
  return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

bool ended_by(Program& program, int signal) {
  const int status = program.status();
  INFO(program.output());
  CAPTURE(status);
  CHECK(WIFSIGNALED(status));
  return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

/// What the head says about whom it has started.
int guest_of(Program& head) {
  REQUIRE(head.prints(".\n"));
  const std::string& said = head.output_so_far();
  return std::stoi(said.substr(said.find("guest ") + 6));
}

}  // namespace

TEST_CASE("the end of the head ends the other hosts with 0 and what runs there") {
  Job job{GENERATE(both_securities)};
  Program& second = job.host("second");
  Program& third = job.host("third");
  Program& head = job.head_program("head that returns");

  CHECK(exited(head, 0));
  CHECK(exited(second, 0));
  CHECK(exited(third, 0));
  for (const Program* each : {&head, &second, &third}) CHECK(each->family_ends(10s));
}

TEST_CASE("a signal that ends the head ends all hosts in order") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  Job job;
  Program& second = job.host("second");
  Program& third = job.host("third");
  Program& head = job.head_program("head that stays");
  const int guest = guest_of(head);

  ::kill(head.pid(), signal);

  CHECK(ended_by(head, signal));
  CHECK(exited(second, 0));
  CHECK(exited(third, 0));
  CHECK(has_ended(guest));
  for (const Program* each : {&head, &second, &third}) CHECK(each->family_ends(10s));
}

TEST_CASE("a signal to another host ends that one alone, in order, and the head is told") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  Job job;
  Node& node = job.head();
  Program& second = job.host("second");
  job.host("third");
  node.wait_for_hosts(3);
  const auto journal = node.spawn<HostJournal>();
  node.watch_hosts(journal, journal);
  const auto guest = node.spawn<Guest>(on_host("second"));
  const int pid = self_of(guest).pid;

  ::kill(second.pid(), signal);

  CHECK(ended_by(second, signal));
  CHECK(second.family_ends(10s));
  CHECK(has_ended(pid));
  CHECK(eventually([&] { return !journal.ask(Changes{}).get().empty(); }));
  CHECK(journal.ask(Changes{}).get() == std::vector<std::string>{"-second: closed"});
  CHECK(names_of(node.hosts()) == std::vector<std::string>{"head", "third"});
  (void)error_of(guest.ask(WhoAreYou{}));
  CHECK(self_of(node.spawn<Guest>(on_host("third"))).host == "third");
}

TEST_CASE("a host may come again under the name that another one had, as its successor") {
  Job job;
  Node& node = job.head();
  Program& second = job.host("second");
  node.wait_for_hosts(2);
  ::kill(second.pid(), SIGTERM);
  CHECK(ended_by(second, SIGTERM));
  REQUIRE(eventually([&] { return node.hosts().size() == 1; }));

  job.host("second");
  node.wait_for_hosts(2);

  CHECK(self_of(node.spawn<Guest>(on_host("second"))).host == "second");
}

TEST_CASE("hosts whose head was killed keep what runs, look for it for a while and leave with 3") {
  Job job;
  job.dead_after = 1s;
  job.rejoin = 2s;
  Program& second = job.host("second");
  Program& third = job.host("third");
  Program& head = job.head_program("head that stays");
  const int guest = guest_of(head);

  ::kill(head.pid(), SIGKILL);

  CHECK(second.prints("is lost"));
  CHECK_FALSE(has_ended(guest));
  for (Program* each : {&second, &third}) {
    CHECK(each->prints("is lost"));
    CHECK(exited(*each, 3));
    CHECK_THAT(each->output(), Contains("this host looks for it for 2 s") && Contains("no head at"));
    CHECK(each->family_ends(10s));
  }
}

TEST_CASE("hosts whose head was killed join the one that is started in its place") {
  Job job;
  job.dead_after = 1s;
  Program& second = job.host("second");
  Program& third = job.host("third");
  Program& head = job.head_program("head that stays");
  const int guest = guest_of(head);
  ::kill(head.pid(), SIGKILL);
  REQUIRE(second.prints("is lost"));

  Node& node = job.head();
  node.wait_for_hosts(3);

  CHECK(self_of(node.spawn<Guest>(on_host("second"))).host == "second");
  CHECK(eventually([&] { return has_ended(guest); }));
  job.end_head();
  CHECK(exited(second, 0));
  CHECK(exited(third, 0));
}

TEST_CASE("a host whose node is killed is unreachable after dead_after, and what it ran has ended") {
  Job job;
  job.dead_after = 1s;
  Node& node = job.head();
  Program& second = job.host("second");
  node.wait_for_hosts(2);
  const auto journal = node.spawn<HostJournal>();
  node.watch_hosts(journal, journal);
  const auto guest = node.spawn<Guest>(on_host("second"));
  const int pid = self_of(guest).pid;

  ::kill(second.pid(), SIGKILL);

  CHECK(error_of(guest.ask(WhoAreYou{})).code == Errc::unreachable);
  CHECK(second.family_ends(10s));
  CHECK(has_ended(pid));
  CHECK(eventually([&] { return !journal.ask(Changes{}).get().empty(); }));
  CHECK(journal.ask(Changes{}).get() == std::vector<std::string>{"-second: unreachable"});
  job.host("second");
  node.wait_for_hosts(2);
  CHECK(journal.ask(Changes{}).get().back() == "+second");
}
