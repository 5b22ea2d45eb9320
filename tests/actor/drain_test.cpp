// troupe: actors in processes. Apache-2.0, see LICENSE.
// A node that finishes: what it waits for, what it refuses, and what it says of who has not finished.
#include "stage.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;

namespace {

using Count = std::shared_ptr<std::atomic<int>>;
Count new_count() { return std::make_shared<std::atomic<int>>(0); }

/// A gate that handlers of this process wait at.
struct Gate {
  std::atomic<bool> entered{false};
  std::atomic<bool> open{false};
  void pass() {
    entered = true;
    entered.notify_all();
    open.wait(false);
  }
  void await_entry() const { entered.wait(false); }
  void release() {
    open = true;
    open.notify_all();
  }
};

struct Work {
  int microseconds = 0;
};
struct Pass {};
struct Pid {};
class Worker : public Actor<Worker, Work, Pass, Pid> {
 public:
  explicit Worker(Count done = {}, std::shared_ptr<Gate> gate = {}) : done_{std::move(done)}, gate_{std::move(gate)} {}
  void on(const Work& work) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{work.microseconds};
    while (std::chrono::steady_clock::now() < until) {
    }
    if (done_) ++*done_;
  }
  void on(const Pass&) const { gate_->pass(); }
  int on(const Pid&) const { return ::getpid(); }

 private:
  Count done_;
  std::shared_ptr<Gate> gate_;
};

/// In a process of its own: has the work done at home.
class Teller : public Actor<Teller, Work, Pid> {
 public:
  explicit Teller(Ref<Worker> home) : home_{std::move(home)} {}
  void on(const Work& work) { home_.tell(work); }
  int on(const Pid&) const { return ::getpid(); }

 private:
  Ref<Worker> home_;
};

struct Again {};
class SelfFeeding : public Actor<SelfFeeding, Again> {
 public:
  void on(const Again&) { self().tell(Again{}); }
};

struct Beat {};
class Ticker : public Actor<Ticker, Beat> {
 public:
  Ticker() {
    every(1ms, Beat{});
    send_after(1h, Beat{});
  }
  void on(const Beat&) {}
};

struct AskOther {};
class Awaiting : public Actor<Awaiting, AskOther> {
 public:
  Awaiting(Ref<Worker> other, Count done) : other_{std::move(other)}, done_{std::move(done)} {}
  Task<void> on(AskOther) {
    co_await other_.ask(Pid{}, forever);
    co_await troupe::sleep_for(20ms);
    ++*done_;
  }

 private:
  Ref<Worker> other_;
  Count done_;
};

struct Flood {
  int messages = 0;
};
class Flooder : public Actor<Flooder, Flood> {
 public:
  explicit Flooder(Ref<Worker> to) : to_{std::move(to)} {}
  void on(const Flood& flood) {
    for (int i = 0; i < flood.messages; ++i) to_.tell(Work{});
  }

 private:
  Ref<Worker> to_;
};

struct DrainNode {};
class Drainer : public Actor<Drainer, DrainNode> {
 public:
  bool on(const DrainNode&) { return node().drain(1ms).quiet(); }
};

std::string all(const DrainReport& report) {
  std::string text;
  for (const StillBusy& each : report.busy) text += each.who + ": " + each.why + '\n';
  return text;
}

const StillBusy* find(const DrainReport& report, const std::string& who) {
  const auto found = std::find_if(report.busy.begin(), report.busy.end(), [&](const StillBusy& each) { return each.who == who; });
  return found == report.busy.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("Node::drain returns at once when nothing is under way") {
  Stage stage;
  std::vector<Ref<Worker>> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(stage.spawn<Worker>());

  const auto began = std::chrono::steady_clock::now();
  const DrainReport report = stage.node.drain(20s);

  INFO(all(report));
  CHECK(report.quiet());
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("Node::drain waits until mailboxes have run empty") {
  Stage stage;
  const Count done = new_count();
  for (int i = 0; i < 4; ++i) {
    const auto worker = stage.node.spawn<Worker>(done);
    for (int n = 0; n < 100; ++n) worker.tell(Work{200});
  }

  const DrainReport report = stage.node.drain(20s);

  INFO(all(report));
  CHECK(report.quiet());
  CHECK(*done == 400);
}

TEST_CASE("Node::drain waits for outboxes") {
  Stage stage;
  const Count done = new_count();
  const auto gate = std::make_shared<Gate>();
  const auto slow = stage.node.spawn<Worker>(done, gate);
  slow.tell(Pass{});
  gate->await_entry();
  const auto flooder = stage.spawn<Flooder>(slow);
  flooder.tell(Flood{1500});

  const DrainReport stuck = stage.node.drain(100ms);
  INFO(all(stuck));
  const StillBusy* full = find(stuck, flooder.name());
  REQUIRE(full != nullptr);
  CHECK(full->why.find("in its outbox") != std::string::npos);

  gate->release();
  CHECK(stage.node.drain(20s).quiet());
  CHECK(*done == 1500);
}

TEST_CASE("Node::drain waits for handlers that await, and names those that wait for ever") {
  Stage stage;
  const Count done = new_count();
  const auto gate = std::make_shared<Gate>();
  const auto stuck = stage.node.spawn<Worker>(Count{}, gate);
  stuck.tell(Pass{});
  gate->await_entry();
  const auto awaiting = stage.node.spawn<Awaiting>(stuck, done);
  awaiting.tell(AskOther{});

  const DrainReport report = stage.node.drain(100ms);
  INFO(all(report));
  const StillBusy* waits = find(report, awaiting.name());
  REQUIRE(waits != nullptr);
  CHECK(waits->why == "awaits 1 answer");
  CHECK(*done == 0);

  gate->release();
  CHECK(stage.node.drain(20s).quiet());
  CHECK(*done == 1);
}

TEST_CASE("Node::drain names a handler that does not return, by its deadline, and the node can be ended after") {
  const auto gate = std::make_shared<Gate>();
  const Count done = new_count();
  {
    Stage stage;
    const auto stuck = stage.node.spawn<Worker>(done, gate);
    stuck.tell(Pass{});
    gate->await_entry();
    stuck.tell(Work{});
    stuck.tell(Work{});

    const auto began = std::chrono::steady_clock::now();
    const DrainReport report = stage.node.drain(300ms);

    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(took >= 300ms);
    CHECK(took < 10s);
    INFO(all(report));
    REQUIRE(report.busy.size() == 1);
    CHECK(report.busy[0].who == stuck.name());
    CHECK(report.busy[0].pid == ::getpid());
    CHECK(report.busy[0].why.find("in a handler for ") == 0);
    CHECK(report.busy[0].why.find("in the mailbox: 3 messages") != std::string::npos);
    gate->release();
  }
  CHECK(gate.use_count() == 1);
}

TEST_CASE("Node::drain ends at its deadline beside an actor that feeds itself") {
  Stage stage;
  const auto feeding = stage.spawn<SelfFeeding>();
  feeding.tell(Again{});

  const DrainReport report = stage.node.drain(200ms);

  CHECK_FALSE(report.quiet());
  feeding.stop();
  CHECK(stage.node.drain(20s).quiet());
}

TEST_CASE("Node::drain does not wait for timers") {
  Stage stage;
  const auto ticker = stage.spawn<Ticker>();

  const DrainReport report = stage.node.drain(20s);

  INFO(all(report));
  CHECK(report.quiet());
}

TEST_CASE("Node::drain refuses what threads send and spawn, with Closed, and begins none of it") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const auto worker = stage.spawn<Worker>();
  REQUIRE(stage.node.drain(20s).quiet());

  const auto closed = [](auto call) {
    try {
      call();
    } catch (const Closed& error) {
      return error.executed() == Executed::no;
    }
    return false;
  };
  CHECK(closed([&] { worker.tell(Work{}); }));
  CHECK(closed([&] { (void)worker.ask(Pid{}); }));
  CHECK(closed([&] { (void)stage.node.spawn<Worker>(); }));
  CHECK(closed([&] { (void)stage.node.spawn<Worker>(own_process); }));
  CHECK(closed([&] { (void)stage.node.start([] { return 0; }); }));
}

TEST_CASE("what Node::drain has accepted of a thread that tells all the time is handled when it returns") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const Count done = new_count();
  const auto worker = stage.node.spawn<Worker>(done);
  const auto teller = stage.spawn<Teller>(worker);
  std::atomic<bool> begun{false};
  std::atomic<int> accepted{0};
  std::thread sender{[&] {
    try {
      for (;;) {
        teller.tell(Work{});
        if (++accepted == 100) {
          begun = true;
          begun.notify_all();
        }
      }
    } catch (const Closed&) {
    }
  }};
  begun.wait(false);

  const DrainReport report = stage.node.drain(20s);

  const int handled = *done;
  sender.join();
  INFO(all(report));
  CHECK(report.quiet());
  CHECK(handled == accepted);
}

TEST_CASE("Node::drain finishes the processes of its actors too") {
  const Where where = GENERATE(other_processes);
  Stage stage{where};
  const Count done = new_count();
  const auto worker = stage.node.spawn<Worker>(done);
  std::vector<Ref<Teller>> tellers;
  for (int i = 0; i < 3; ++i) tellers.push_back(stage.spawn<Teller>(worker));
  for (int n = 0; n < 1000; ++n)
    for (const auto& teller : tellers) teller.tell(Work{});

  const DrainReport report = stage.node.drain(20s);

  INFO(all(report));
  CHECK(report.quiet());
  CHECK(*done == 3000);
}

TEST_CASE("Node::drain names a process that does not answer") {
  const Where where = GENERATE(other_processes);
  Stage stage{where};
  const auto teller = stage.spawn<Teller>(stage.node.spawn<Worker>());
  const int pid = teller.ask(Pid{}).get();
  ::kill(pid, SIGSTOP);

  const DrainReport report = stage.node.drain(300ms);

  ::kill(pid, SIGCONT);
  INFO(all(report));
  const auto silent = std::find_if(report.busy.begin(), report.busy.end(), [&](const auto& each) { return each.pid == pid; });
  REQUIRE(silent != report.busy.end());
  CHECK(silent->why == "does not answer");
  CHECK(stage.node.drain(20s).quiet());
}

TEST_CASE("Node::drain may be called by several threads at once") {
  Stage stage;
  const Count done = new_count();
  const auto worker = stage.node.spawn<Worker>(done);
  for (int n = 0; n < 200; ++n) worker.tell(Work{200});
  std::atomic<int> complete{0};
  std::vector<std::thread> threads;

  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      if (stage.node.drain(20s).quiet() && *done == 200) ++complete;
    });
  for (auto& thread : threads) thread.join();

  CHECK(complete == 3);
}

TEST_CASE("an actor cannot drain its own node") {
  Stage stage;
  const auto drainer = stage.spawn<Drainer>();

  CHECK_THROWS_AS(drainer.ask(DrainNode{}).get(), RemoteError);
}

TEST_CASE("during Node::drain threads go on with handles of patterns: what they hold, others wait for") {
  Stage stage;
  Queue<int> queue{stage.node};
  Lock lock{stage.node};
  lock.lock();

  REQUIRE(stage.node.drain(20s).quiet());

  queue.put(1);
  CHECK(queue.get() == 1);
  CHECK_NOTHROW(lock.unlock());
}
