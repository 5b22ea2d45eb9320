// troupe: actors in processes. Apache-2.0, see LICENSE.
// What comes back when a supervised actor ends, in which order, and when the supervisor gives up.
#include "stage.hpp"
#include "supervised.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>

using namespace troupe;
using supervised::Guard;
using supervised::has;
using supervised::quick;
using supervised::seen_by;
using supervised::Texts;

namespace {

struct Bump {};
struct Boom {};
struct Leave {};
struct SpawnChild {};
struct Await {};
struct Silence {};
struct Later {};
struct Callback {
  Ref<Journal> to;
};

// Notes its life.
class Worker : public Actor<Worker, Bump, Boom, Leave, SpawnChild, Await, Silence, Later, Callback> {
 public:
  Worker(std::string name, Ref<Journal> journal) : name_{std::move(name)}, journal_{std::move(journal)} { note("begins"); }
  ~Worker() { note("ends"); }
  void on_stop() override { note("stops"); }
  int on(const Bump&) { return ++count_; }
  void on(const Boom&) { throw std::runtime_error{name_ + " fails"}; }
  void on(const Leave&) { stop(); }
  void on(const SpawnChild&) { spawn<Worker>(name_ + "'s child", journal_); }
  Task<void> on(Await) {
    co_await sleep_for(1h);
    note("awoke");
  }
  void on(const Silence&) { send_after(50ms, Later{}); }
  void on(const Later&) { note("tick"); }
  void on(const Callback& callback) {
    callback.to.ask(ReadNotes{}).then([this](const Result<std::vector<std::string>>&) { note("called back"); });
  }

 private:
  void note(const std::string& what) { journal_.tell(Note{name_ + ' ' + what}); }
  std::string name_;
  Ref<Journal> journal_;
  int count_ = 0;
};

template <class A>
Ref<Guard> guard(Node& node, const Ref<A>& ref) {
  return node.spawn<Guard>(ref);
}

}  // namespace

TEST_CASE("a supervised actor that fails comes back under the same ref, with a new state") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>("w", journal);
  const auto watching = guard(stage.node, worker);
  CHECK(worker.ask(Bump{}).get() == 1);
  CHECK(worker.ask(Bump{}).get() == 2);

  worker.tell(Boom{});
  worker.tell(Bump{});

  CHECK(worker.ask(Bump{}).get() == 2);  // the one before was kept
  CHECK(supervisor.restarts() == 1);
  CHECK(notes_of(journal) == Texts{"w begins", "w ends", "w begins"});
  CHECK(seen_by(watching).empty());
  CHECK(stage.node.dead_letters() == 0);
}

TEST_CASE("timers, children, awaiting handlers and callbacks go with the actor that failed") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>("w", journal);
  worker.ask(SpawnChild{}).get();
  auto awaited = worker.ask(Await{});
  worker.ask(Silence{}).get();
  worker.tell(Callback{journal});
  worker.tell(Boom{});

  CHECK(worker.ask(Bump{}).get() == 1);

  CHECK(error_of(std::move(awaited)).code == Errc::died);
  CHECK(has(journal, "w's child ends"));
  worker.ask(Silence{}).get();
  CHECK(has(journal, "w tick"));
  const auto notes = notes_of(journal);
  CHECK(std::count(notes.begin(), notes.end(), "w awoke") == 0);
  const auto at = [&](const std::string& note) { return std::find(notes.begin(), notes.end(), note) - notes.begin(); };
  CHECK(at("w's child ends") < at("w ends"));
}

TEST_CASE("permanent children come back after every end, transient ones after a bad one, temporary ones never") {
  const auto restart = GENERATE(permanent, transient, temporary);
  const std::string end = GENERATE("leaves", "is stopped", "fails", "is killed");
  CAPTURE(static_cast<int>(restart), end);
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>({.restart = restart}, here, "w", journal);
  const auto watching = guard(stage.node, worker);

  if (end == "leaves") worker.tell(Leave{});
  if (end == "is stopped") worker.stop();
  if (end == "fails") worker.tell(Boom{});
  if (end == "is killed") worker.kill();

  const bool good = end == "leaves" || end == "is stopped";
  if (restart == permanent || (restart == transient && !good)) {
    CHECK(has(journal, "w begins", 2));
    CHECK(worker.ask(Bump{}).get() == 1);
    CHECK(supervisor.restarts() == 1);
    CHECK(seen_by(watching).empty());
    return;
  }
  REQUIRE(eventually([&] { return !seen_by(watching).empty(); }));
  CHECK(seen_by(watching).front().reason == (good ? Exit::normal : end == "fails" ? Exit::failed : Exit::killed));
  CHECK(error_of(worker.ask(Bump{})).code == (good ? Errc::closed : Errc::died));
  CHECK(supervisor.restarts() == 0);
}

TEST_CASE("one_for_all and rest_for_one halt in reverse order of start, and start in order") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();

  SECTION("one_for_all") {
    Supervisor supervisor{stage.node, quick(one_for_all)};
    const auto a = supervisor.spawn<Worker>("a", journal);
    const auto b = supervisor.spawn<Worker>("b", journal);
    const auto c = supervisor.spawn<Worker>("c", journal);
    b.tell(Boom{});
    REQUIRE(has(journal, "c begins", 2));
    CHECK(notes_of(journal) == Texts{"a begins", "b begins", "c begins", "b ends", "c stops", "c ends", "a stops", "a ends", "a begins",
                                     "b begins", "c begins"});
    CHECK(supervisor.restarts() == 1);
  }
  SECTION("rest_for_one") {
    Supervisor supervisor{stage.node, quick(rest_for_one)};
    const auto a = supervisor.spawn<Worker>("a", journal);
    const auto b = supervisor.spawn<Worker>("b", journal);
    const auto c = supervisor.spawn<Worker>("c", journal);
    b.tell(Boom{});
    REQUIRE(has(journal, "c begins", 2));
    CHECK(notes_of(journal) == Texts{"a begins", "b begins", "c begins", "b ends", "c stops", "c ends", "b begins", "c begins"});
  }
}

TEST_CASE("a supervisor that restarts too often gives up: its children end, asks to them say why") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick(one_for_one, 2)};
  const auto other = supervisor.spawn<Worker>("o", journal);
  const auto worker = supervisor.spawn<Worker>("w", journal);
  const auto watching = guard(stage.node, supervisor.ref());
  const auto of_worker = guard(stage.node, worker);

  worker.tell(Boom{});
  worker.tell(Boom{});
  worker.tell(Boom{});
  const auto error = error_of(worker.ask(Bump{}));

  CAPTURE(chain_text(error));
  CHECK(error.code == Errc::died);
  CHECK(error.executed == Executed::no);
  CHECK(chain_text(error).find("more than 2 restarts within 60 s") != std::string::npos);
  CHECK(chain_text(error).find("w fails") != std::string::npos);
  CHECK(has(journal, "o stops"));
  CHECK(supervisor.restarts() == 2);
  REQUIRE(eventually([&] { return seen_by(watching).size() == 1 && seen_by(of_worker).size() == 1; }));
  CHECK(seen_by(watching).front().reason == Exit::failed);
  CHECK(seen_by(of_worker).front().reason == Exit::failed);
  CHECK(error_of(other.ask(Bump{})).code == Errc::died);
  CHECK_THROWS_AS(supervisor.spawn<Worker>("x", journal), Error);
}

TEST_CASE("restarts longer ago than the period are forgotten") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  auto options = quick(one_for_one, 1);
  options.within = 20ms;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>("w", journal);

  for (int i = 1; i <= 3; ++i) {
    const auto until = std::chrono::steady_clock::now() + 30ms;
    REQUIRE(eventually([&] { return std::chrono::steady_clock::now() >= until; }));
    worker.tell(Boom{});
    REQUIRE(worker.ask(Bump{}).get() == 1);
  }

  CHECK(supervisor.restarts() == 3);
}

TEST_CASE("the pause before a restart doubles") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, {.max_restarts = 10, .backoff = 20ms, .max_backoff = 80ms}};
  const auto worker = supervisor.spawn<Worker>("w", journal);
  std::vector<std::chrono::nanoseconds> pauses;

  for (int i = 0; i < 4; ++i) {
    const auto start = std::chrono::steady_clock::now();
    worker.tell(Boom{});
    REQUIRE(worker.ask(Bump{}).get() == 1);
    pauses.push_back(std::chrono::steady_clock::now() - start);
  }

  CHECK(pauses.at(0) >= 10ms);
  CHECK(pauses.at(1) >= 20ms);
  CHECK(pauses.at(2) >= 40ms);
  CHECK(pauses.at(3) >= 40ms);
}

TEST_CASE("a constructor that throws: at the first start to the caller, later as one more failure") {
  static std::atomic<int> failures{0};
  class Moody : public Actor<Moody, Bump, Boom> {
   public:
    Moody() {
      if (failures > 0 && failures-- > 0) throw std::invalid_argument{"not today"};
    }
    int on(const Bump&) { return ++count_; }
    void on(const Boom&) { throw std::runtime_error{"boom"}; }

   private:
    int count_ = 0;
  };
  CapturedLog log;
  Stage stage;
  Supervisor supervisor{stage.node, quick()};
  failures = 1;
  CHECK_THROWS_AS(supervisor.spawn<Moody>(), std::invalid_argument);
  const auto moody = supervisor.spawn<Moody>();

  failures = 2;
  moody.tell(Boom{});

  CHECK(moody.ask(Bump{}).get() == 1);
  CHECK(supervisor.restarts() == 3);
}

TEST_CASE("a supervisor stops its children in reverse order") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick()};
  for (const char* name : {"a", "b", "c"}) supervisor.spawn<Worker>(name, journal);

  SECTION("stopped") { supervisor.stop(); }
  SECTION("a child is stopped for good before") {
    const auto d = supervisor.spawn<Worker>("d", journal);
    supervisor.stop(d);
    CHECK(has(journal, "d ends"));
    CHECK(error_of(d.ask(Bump{})).code == Errc::closed);
    supervisor.stop();
  }

  REQUIRE(has(journal, "a ends"));
  Texts notes = notes_of(journal);
  notes.erase(notes.begin(), notes.end() - 6);
  CHECK(notes == Texts{"c stops", "c ends", "b stops", "b ends", "a stops", "a ends"});
}

TEST_CASE("a supervisor under a supervisor is restarted with its children when it gives up, and they keep their refs") {
  CapturedLog log;
  Stage stage;
  const auto journal = stage.node.spawn<Journal>();
  Supervisor top{stage.node, quick(one_for_all, 1)};
  const auto watching = guard(stage.node, top.ref());
  const auto sibling = top.spawn<Worker>("s", journal);
  Supervisor nested = top.spawn_supervisor(quick(one_for_one, 1));
  const auto first = nested.spawn<Worker>("f", journal);
  const auto second = nested.spawn<Worker>("g", journal);

  first.tell(Boom{});
  CHECK(first.ask(Bump{}).get() == 1);
  CHECK(top.restarts() == 0);
  first.tell(Boom{});

  CHECK(first.ask(Bump{}).get() == 1);
  CHECK(second.ask(Bump{}).get() == 1);
  CHECK(sibling.ask(Bump{}).get() == 1);
  CHECK(top.restarts() == 1);
  CHECK(nested.restarts() == 1);
  CHECK(has(journal, "s begins", 2));
  CHECK(has(journal, "g begins", 2));
  const auto third = nested.spawn<Worker>("h", journal);
  CHECK(third.ask(Bump{}).get() == 1);

  first.tell(Boom{});
  first.tell(Boom{});
  const auto error = error_of(first.ask(Bump{}));
  CAPTURE(chain_text(error));
  CHECK(error.code == Errc::died);
  CHECK(chain_text(error).find("gave up") != std::string::npos);
  REQUIRE(eventually([&] { return seen_by(watching).size() == 1; }));
  CHECK(error_of(sibling.ask(Bump{})).code == Errc::died);
}

TEST_CASE("the constructor of a child cannot use its own supervisor") {
  class Greedy : public Actor<Greedy, Bump> {
   public:
    explicit Greedy(Supervisor supervisor) { (void)supervisor.spawn<Greedy>(supervisor); }
    void on(const Bump&) {}
  };
  Stage stage;
  Supervisor supervisor{stage.node};
  CHECK_THROWS_AS(supervisor.spawn<Greedy>(supervisor), Misuse);
}

TEST_CASE("a supervised actor that restarts while others write to it loses no message") {
  CapturedLog log;
  Stage stage;
  struct Count {};
  const auto journal = stage.node.spawn<Journal>();
  Supervisor supervisor{stage.node, quick(one_for_one, 1000)};
  const auto worker = supervisor.spawn<Worker>("w", journal);
  std::atomic<int> answered{0};
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 3; ++thread)
    writers.emplace_back([&] {
      for (int i = 0; i < 300; ++i)
        if (worker.ask(Bump{}).result()) ++answered;
    });

  for (int i = 0; i < 100; ++i) worker.tell(Boom{});
  for (auto& writer : writers) writer.join();

  CHECK(answered == 900);
  CHECK(eventually([&] { return supervisor.restarts() == 100; }));
  CHECK(stage.node.dead_letters() == 0);
}
