// troupe: actors in processes. Apache-2.0, see LICENSE.
// How supervised actors in processes of their own end, and who decides that.
#include "supervised.hpp"

using namespace supervised;

TEST_CASE("a supervised process is replaced after the ends that its options say") {
  const auto restart = GENERATE(permanent, transient, temporary);
  const std::string end = GENERATE("is stopped", "fails", "is killed", "leaves");
  CAPTURE(static_cast<int>(restart), end);
  CapturedLog log;
  Stage stage;
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>({.restart = restart}, own_process);
  const auto watching = stage.node.spawn<Guard>(worker);
  const int first = worker.ask(Pid{}).get();

  if (end == "is stopped") worker.stop();
  if (end == "fails") worker.tell(Boom{});
  if (end == "is killed") worker.kill();
  if (end == "leaves") worker.tell(Leave{3});

  if (restart == permanent || (restart == transient && end != "is stopped")) {
    REQUIRE(eventually([&] { return supervisor.restarts() == 1; }));
    const int second = pid_of(worker);
    CHECK(second != 0);
    CHECK(second != first);
    CHECK(seen_by(watching).empty());
    return;
  }
  REQUIRE(eventually([&] { return !seen_by(watching).empty(); }));
  const Down down = seen_by(watching).front();
  CHECK(down.is(worker));
  CHECK(down.reason == (end == "is stopped" ? Exit::normal : end == "is killed" ? Exit::killed : Exit::failed));
  CHECK(down.signal == (end == "is killed" ? SIGKILL : 0));
  CHECK(error_of(worker.ask(Bump{})).code == (end == "is stopped" ? Errc::closed : Errc::died));
  CHECK(supervisor.restarts() == 0);
}

TEST_CASE("a supervisor of processes that gives up ends them, and says why everywhere") {
  CapturedLog log;
  Stage stage{Where::ipc};
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick(one_for_all, 1)};
  const auto first = supervisor.spawn<Worker>(own_process, "f", journal);
  const auto second = supervisor.spawn<Worker>(own_process, "s", journal);
  const auto watching = stage.spawn<Guard>(second);

  second.kill();
  REQUIRE(has(journal, "s begins", 2));
  CHECK(has(journal, "f stops"));
  CHECK(notes_of(journal) == Texts{"f begins", "s begins", "f stops", "f begins", "s begins"});
  second.kill();

  REQUIRE(eventually([&] { return seen_by(watching).size() == 1; }));
  CHECK(seen_by(watching).front().reason == Exit::failed);
  CHECK(chain_text(seen_by(watching).front().error).find("more than 1 restarts") != std::string::npos);
  CHECK(chain_text(error_of(second.ask(Bump{}))).find("more than 1 restarts") != std::string::npos);
  REQUIRE(eventually([&] {  // before, its own process says that it has stopped
    const auto answer = first.ask(Bump{}).result();
    return !answer && answer.error().code == Errc::died;
  }));
}

TEST_CASE("processes are stopped in reverse order, with SIGTERM and SIGKILL for those that do not listen") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick()};
  const ChildOptions impatient{.stop_timeout = 50ms};
  supervisor.spawn<Worker>(own_process, "a", journal);
  const auto busy = supervisor.spawn<Worker>(impatient, own_process, "b", journal);
  const auto deaf = supervisor.spawn<Worker>(impatient, own_process, "c", journal);
  supervisor.spawn<Worker>(own_process, "d", journal);
  const auto of_busy = stage.node.spawn<Guard>(busy);
  const auto of_deaf = stage.node.spawn<Guard>(deaf);
  deaf.ask(Deaf{}).get();
  deaf.tell(Sleep{});
  busy.tell(Sleep{});

  supervisor.stop();

  REQUIRE(has(journal, "a stops"));
  CHECK(notes_of(journal) == Texts{"a begins", "b begins", "c begins", "d begins", "d stops", "a stops"});
  REQUIRE(eventually([&] { return seen_by(of_busy).size() == 1 && seen_by(of_deaf).size() == 1; }));
  CHECK(seen_by(of_busy).front().signal == SIGTERM);
  CHECK(seen_by(of_deaf).front().signal == SIGKILL);
  CHECK(supervisor.restarts() == 0);
}

TEST_CASE("a supervisor that is killed takes its children along, and asks to them end") {
  CapturedLog log;
  Stage stage;
  auto options = quick();
  options.backoff = options.max_backoff = 1h;
  Supervisor supervisor{stage.node, options};
  const auto living = supervisor.spawn<Worker>(own_process);
  const auto killed = supervisor.spawn<Worker>(own_process);
  const auto failed = supervisor.spawn<Worker>(here);
  const auto watching = stage.node.spawn<Guard>(killed);
  const int pid = pid_of(living);
  killed.kill();
  failed.tell(Boom{});
  REQUIRE(eventually([&] { return supervisor.restarts() == 2; }));
  auto waits = killed.ask(Bump{});
  auto waits_too = failed.ask(Bump{});

  supervisor.ref().kill();

  CHECK(error_of(std::move(waits)).code == Errc::died);
  CHECK_FALSE(waits_too.result());
  REQUIRE(eventually([&] { return seen_by(watching).size() == 1; }));
  CHECK(eventually([&] { return ::kill(pid, 0) != 0; }));
  CHECK_THROWS_AS(supervisor.spawn<Worker>(own_process), Closed);
}

namespace {

struct Begin {};
struct Restarts {};
// Has a supervisor of its own, in whose hands are a process and an actor beside it.
class Boss : public Actor<Boss, Begin, Restarts> {
 public:
  Boss() : supervisor_{node(), quick()} {}
  std::pair<Ref<Worker>, Ref<Worker>> on(const Begin&) {
    auto nested = supervisor_.spawn_supervisor(quick());
    return {nested.spawn<Worker>(own_process), supervisor_.spawn<Worker>(here)};
  }
  std::uint64_t on(const Restarts&) const { return supervisor_.restarts(); }

 private:
  Supervisor supervisor_;
};

}  // namespace

TEST_CASE("a supervisor may live in an actor of another process, and its children are reached from here") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto boss = stage.spawn<Boss>();
  const auto [process, beside] = boss.ask(Begin{}).get();

  const int first = pid_of(process);
  CHECK(first != 0);
  ::kill(first, SIGKILL);
  beside.tell(Boom{});

  REQUIRE(eventually([&] { return pid_of(process) != first; }));
  CHECK(beside.ask(Bump{}).get() == 1);
  CHECK(boss.ask(Restarts{}).get() == 1);
  const int second = pid_of(process);
  CHECK(second != 0);
  boss.stop();
  CHECK(eventually([&] { return ::kill(second, 0) != 0; }));
}
