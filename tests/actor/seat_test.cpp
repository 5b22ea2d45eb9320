// troupe: actors in processes. Apache-2.0, see LICENSE.
// Supervised actors in processes of their own: the process is replaced, the ref stays.
#include "stage.hpp"

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <numeric>
#include <optional>
#include <stdexcept>

using namespace troupe;

namespace {

struct Pid {};
struct Bump {};
struct Boom {};
struct Leave {
  int code = 0;
};
struct Item {
  int number = 0;
};
struct Items {};
class Worker;
struct Keep {
  Ref<Worker> self;
};
struct AskYourself {};
struct Deaf {};
struct Sleep {};

class Worker : public Actor<Worker, Pid, Bump, Boom, Leave, Item, Items, Keep, AskYourself, Deaf, Sleep> {
 public:
  Worker() = default;
  Worker(std::string name, Ref<Journal> journal) : name_{std::move(name)}, journal_{std::move(journal)} { note("begins"); }
  void on_stop() override { note("stops"); }
  int on(const Pid&) const { return ::getpid(); }
  int on(const Bump&) { return ++count_; }
  void on(const Boom&) const { throw std::runtime_error{"boom"}; }
  void on(const Leave& leave) const { ::_exit(leave.code); }
  void on(const Item& item) { items_.push_back(item.number); }
  std::vector<int> on(const Items&) const { return items_; }
  void on(const Keep& keep) { self_ = keep.self; }
  Task<int> on(AskYourself) {
    self_.tell(Item{7});
    co_return co_await self_.ask<Bump>();
  }
  void on(const Deaf&) const { ::signal(SIGTERM, SIG_IGN); }
  void on(const Sleep&) const {
    for (;;) ::pause();
  }

 private:
  void note(const std::string& what) const {
    if (journal_) journal_.tell(Note{name_ + ' ' + what});
  }
  std::string name_;
  Ref<Journal> journal_;
  Ref<Worker> self_;
  int count_ = 0;
  std::vector<int> items_;
};

using Texts = std::vector<std::string>;

SupervisorOptions quick(Strategy strategy = one_for_one, unsigned max_restarts = 100) {
  return {.strategy = strategy, .max_restarts = max_restarts, .within = 60s, .backoff = 1us, .max_backoff = 1us};
}

// Asks until somebody answers: one that was under way when the process died ends as ActorDied.
int pid_of(const Ref<Worker>& worker) {
  for (int tries = 0; tries < 10; ++tries)
    if (const auto pid = worker.ask(Pid{}).result()) return *pid;
  return 0;
}

bool has(const Ref<Journal>& journal, const std::string& note, int times = 1) {
  return eventually([&] {
    const auto notes = notes_of(journal);
    return std::count(notes.begin(), notes.end(), note) == times;
  });
}

struct Seen {};
class Guard : public Actor<Guard, Down, Seen> {
 public:
  template <class A>
  explicit Guard(const Ref<A>& ref) {
    watch(ref);
  }
  void on(const Down& down) { downs_.push_back(down); }
  std::vector<Down> on(const Seen&) const { return downs_; }

 private:
  std::vector<Down> downs_;
};

std::vector<Down> seen_by(const Ref<Guard>& guard) { return guard.ask(Seen{}).get(); }

// Writes to a worker from its own process.
struct AskPid {};
struct TellItems {
  int count = 0;
};
class Neighbour : public Actor<Neighbour, AskPid, TellItems> {
 public:
  explicit Neighbour(Ref<Worker> worker) : worker_{std::move(worker)} {}
  int on(const AskPid&) const { return pid_of(worker_); }
  void on(const TellItems& items) const {
    for (int i = 0; i < items.count; ++i) worker_.tell(Item{i});
  }

 private:
  Ref<Worker> worker_;
};

}  // namespace

TEST_CASE("a supervised process that is killed is replaced under the same ref") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto watching = stage.node.spawn<Guard>(worker);
  const int first = worker.ask(Pid{}).get();
  CHECK(worker.ask(Bump{}).get() == 1);

  for (int restarts = 1; restarts <= 3; ++restarts) {
    const int before = pid_of(worker);
    ::kill(before, SIGKILL);
    REQUIRE(eventually([&] { return supervisor.restarts() == static_cast<std::uint64_t>(restarts); }));
    const int after = pid_of(worker);
    CHECK(after != 0);
    CHECK(after != before);
  }

  CHECK(pid_of(worker) != first);
  CHECK(worker.ask(Bump{}).get() == 1);
  CHECK(supervisor.restarts() == 3);
  CHECK(seen_by(watching).empty());
}

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

TEST_CASE("what is sent while nobody sits there waits for the next process, in order") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  auto options = quick();
  options.backoff = options.max_backoff = 400ms;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  CHECK(neighbour.ask(AskPid{}).get() == worker.ask(Pid{}).get());
  worker.kill();
  REQUIRE(eventually([&] { return supervisor.restarts() == 1; }));

  SECTION("from a thread") {
    for (int i = 0; i < 500; ++i) worker.tell(Item{i});
  }
  SECTION("from a handler here") { stage.node.spawn<Neighbour>(worker).ask(TellItems{500}).get(); }

  std::vector<int> expected(500);
  std::iota(expected.begin(), expected.end(), 0);
  REQUIRE(eventually([&] { return worker.ask(Items{}).get().size() == 500; }));
  CHECK(worker.ask(Items{}).get() == expected);
  CHECK(supervisor.restarts() == 1);
}

TEST_CASE("what another process sends before it knows of the death is lost, what it sends then comes, in order") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  auto options = quick();
  options.backoff = options.max_backoff = 100ms;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  CHECK(neighbour.ask(AskPid{}).get() == worker.ask(Pid{}).get());

  worker.kill();
  neighbour.ask(TellItems{500}).get();
  CHECK(neighbour.ask(AskPid{}).get() != 0);  // it has noticed
  neighbour.ask(TellItems{500}).get();

  REQUIRE(eventually([&] {
    const auto items = worker.ask(Items{}).get();
    return items.size() >= 500 && items.back() == 499;
  }));
  const auto items = worker.ask(Items{}).get();
  std::vector<int> expected(500);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(std::vector<int>(items.end() - 500, items.end()) == expected);
  CHECK(std::is_sorted(items.begin(), items.end() - 500));
}

TEST_CASE("more than a mailbox holds does not wait for a process: tell ends as Full") {
  CapturedLog log;
  NodeOptions node_options;
  node_options.mailbox_messages = 10;
  Stage stage{Where::ipc, node_options};
  auto options = quick();
  options.backoff = options.max_backoff = 1h;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  worker.kill();
  REQUIRE(eventually([&] { return supervisor.restarts() == 1; }));

  for (int i = 0; i < 10; ++i) worker.tell(Item{i});
  CHECK_THROWS_AS(worker.tell(Item{10}, 1ms), Full);
  CHECK_THROWS_AS(worker.ask(Bump{}, 1ms), Full);
  supervisor.stop();

  REQUIRE(eventually([&] { return stage.node.dead_letters() == 10; }));
}

TEST_CASE("a ref in another process finds the new one too") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  const int first = neighbour.ask(AskPid{}).get();
  CHECK(first == worker.ask(Pid{}).get());

  for (int round = 0; round < 3; ++round) {
    ::kill(pid_of(worker), SIGKILL);
    const int here = pid_of(worker);
    CHECK(here != 0);
    CHECK(neighbour.ask(AskPid{}).get() == here);
  }

  const auto watching = stage.spawn<Guard>(worker);
  CHECK(seen_by(watching).empty());
  supervisor.stop();
  REQUIRE(eventually([&] { return seen_by(watching).size() == 1; }));
  CHECK(seen_by(watching).front().reason == Exit::normal);
  CHECK(neighbour.ask(AskPid{}).get() == 0);
}

TEST_CASE("a supervised actor may write to its own ref") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);

  worker.tell(Keep{worker});

  CHECK(worker.ask(AskYourself{}).get() == 1);
  CHECK(worker.ask(Items{}).get() == std::vector<int>{7});
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

TEST_CASE("every ask to a supervised process that is killed again and again ends, by an answer or as ActorDied") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  constexpr int kills = 20;
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  std::atomic<bool> over{false};
  std::atomic<int> odd{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> askers;
  for (int thread = 0; thread < 3; ++thread)
    askers.emplace_back([&] {
      while (!over) {
        const auto answer = worker.ask(Bump{}).result();
        if (answer) ++answered;
        if (!answer && answer.error().code != Errc::died) ++odd;
      }
    });

  for (int kill = 1; kill <= kills; ++kill) {
    const int before = answered;
    REQUIRE(eventually([&] { return answered > before + 5; }));
    ::kill(pid_of(worker), SIGKILL);
    REQUIRE(eventually([&] { return supervisor.restarts() == static_cast<std::uint64_t>(kill); }));
    if (kill % 5 == 0) CHECK(neighbour.ask(AskPid{}).get() != 0);
  }
  over = true;
  for (auto& asker : askers) asker.join();

  CHECK(odd == 0);
  CHECK(worker.ask(Pid{}).get() == neighbour.ask(AskPid{}).get());
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
