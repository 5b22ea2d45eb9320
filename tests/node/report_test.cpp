// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a node tells to who inspects it, and that it goes on as if nobody had.
#include "actor/supervised.hpp"

#include <troupe/node/core.hpp>
#include <troupe/node/report.hpp>
#include <troupe/wire/archive.hpp>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>

using namespace troupe;
using namespace troupe::detail;

namespace {

/// A node that inspects others.
class Inspector {
 public:
  [[nodiscard]] NodeReport look(const NodeCore& at) { return look(at.id(), at.endpoint()); }
  [[nodiscard]] NodeReport look(NodeId id, const std::string& endpoint) {
    const auto asked = ask_for_report(node_.core(), id, endpoint);
    REQUIRE(node_.core().wait(*asked.answer, node_.core().clock().now() + 20s));
    return decode_report(asked.answer->take());
  }
  [[nodiscard]] NodeCore& core() { return node_.core(); }

 private:
  static NodeOptions options() {
    NodeOptions of;
    of.handle_signals = false;
    return of;
  }
  Node node_{options()};
};

std::optional<ActorLine> line_of(const NodeReport& report, std::string_view type) {
  for (const ActorLine& line : report.actors)
    if (report.types[line.type].find(type) != std::string::npos) return line;
  return std::nullopt;
}

template <class A>
ActorLine line_of(const NodeReport& report, const Ref<A>& ref) {
  const auto found =
      std::find_if(report.actors.begin(), report.actors.end(), [&](const ActorLine& each) { return each.number == ref.pointer()->id(); });
  REQUIRE(found != report.actors.end());
  return *found;
}

struct Enter {};
struct Count {
  int number = 0;
};
struct Total {};
/// Its handler of Enter stays until the gate is open, and nobody in troupe knows.
class Gated : public Actor<Gated, Enter, Count, Total> {
 public:
  Gated() = default;
  explicit Gated(std::shared_future<void>* gate) : gate_{gate} {}
  void on(const Enter&) const { gate_->wait(); }
  void on(const Count& count) { in_order_ = count.number == counted_++ && in_order_; }
  int on(const Total&) const { return in_order_ ? counted_ : -1; }

 private:
  std::shared_future<void>* gate_ = nullptr;
  int counted_ = 0;
  bool in_order_ = true;
};

struct TellCounts {
  int from = 0;
  int count = 0;
};
class Teller : public Actor<Teller, TellCounts> {
 public:
  explicit Teller(Ref<Gated> to) : to_{std::move(to)} {}
  void on(const TellCounts& tell) const {
    for (int i = 0; i < tell.count; ++i) to_.tell(Count{tell.from + i});
  }

 private:
  Ref<Gated> to_;
};

struct Gate {
  std::promise<void> promise;
  std::shared_future<void> opened = promise.get_future().share();
};
/// Opens it at the latest before the node ends, which waits for handlers.
class Opener {
 public:
  explicit Opener(Gate& gate) : gate_{gate} {}
  ~Opener() { open(); }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  void open() {
    if (!std::exchange(open_, true)) gate_.promise.set_value();
  }

 private:
  Gate& gate_;
  bool open_ = false;
};

std::int64_t milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

struct LookAt {
  NodeId node;
  std::string endpoint;
};
/// Inspects, and is gone without a word.
class Ghost : public Actor<Ghost, LookAt> {
 public:
  void on(const LookAt& at) const {
    NodeCore& core = node().core();
    const auto asked = ask_for_report(core, at.node, at.endpoint);
    ::_exit(core.wait(*asked.answer, core.clock().now() + 20s) && asked.answer->error() == nullptr ? 17 : 1);
  }
};

}  // namespace

TEST_CASE("a report travels between versions: what one does not know is passed over, what one does not say is left empty") {
  NodeReport report;
  report.facts = {{1, 2}, 3, 4, "host", "process", {5, 6}, "build", "ipc:///x", 7, 8, 9, 10, 11};
  report.types = {"A", "B"};
  report.actors = {{1, 1, 2, 3, 4, true, 5}, {2, 0, 0, 0, 0, false, -1}};
  report.seats = {{1, "A#s1", {1, 7}, 1, 2, 3}};
  report.links = {{{1, 8}, "ipc:///y", "open", 9, 10, 11}};
  report.dead_letters = {0, 0, 12};
  report.last_dead_letters = {{"M", "A#1", 2, "why", 13}};
  report.hosts = {{"h", {1, 9}, "tcp://h:1", 4, {"gpu"}, "up", 0.5}};
  const EncodedReport sent = encode_report(report);

  EncodedReport later = sent;
  later.version = 2;
  later.parts.push_back({1, 2, 3});
  const NodeReport read = decode_report(later);
  EncodedReport earlier = sent;
  earlier.parts.resize(3);
  const NodeReport poor = decode_report(earlier);

  CHECK(encode_report(read).parts == sent.parts);
  CHECK(read.facts.process == "process");
  CHECK(read.hosts.front().labels == std::vector<std::string>{"gpu"});
  CHECK(poor.actors.size() == 2);
  CHECK(poor.links.empty());
  EncodedReport broken = sent;
  broken.parts[2].pop_back();
  CHECK_THROWS_AS(decode_report(broken), Malformed);
  broken = sent;
  broken.parts[1] = {0, 0, 0, 0};  // no types
  CHECK_THROWS_AS(decode_report(broken), Malformed);
}

TEST_CASE("an inspection tells how many messages wait for an actor, whoever sent them, and for how long") {
  Gate gate;
  Stage stage{Where::ipc};
  Opener opener{gate};
  const auto gated = stage.node.spawn<Gated>(&gate.opened);
  const auto teller = stage.spawn<Teller>(gated);
  Inspector inspector;
  for (int i = 0; i < 3; ++i) gated.tell(Count{i});
  REQUIRE(gated.ask(Total{}).get() == 3);
  gated.tell(Enter{});
  REQUIRE(eventually([&] { return line_of(inspector.look(stage.node.core()), gated).in_turn; }));
  CHECK(line_of(inspector.look(stage.node.core()), gated).waiting == 0);
  CHECK(line_of(inspector.look(stage.node.core()), gated).oldest_ms == -1);

  const auto before = std::chrono::steady_clock::now();
  for (int i = 3; i < 7; ++i) gated.tell(Count{i});
  teller.tell(TellCounts{7, 5});

  ActorLine line;
  REQUIRE(eventually([&] {
    line = line_of(inspector.look(stage.node.core()), gated);
    return line.waiting >= 9 && line.oldest_ms >= 50;
  }));
  CHECK(line.waiting == 9);
  CHECK(line.handled == 4);
  CHECK(line.in_turn);
  CHECK(line.oldest_ms <= milliseconds_since(before) + 20);
  opener.open();
  REQUIRE(eventually([&] { return line_of(inspector.look(stage.node.core()), gated).handled == 4 + 1 + 9; }));
  line = line_of(inspector.look(stage.node.core()), gated);
  CHECK(line.waiting == 0);
  CHECK_FALSE(line.in_turn);
}

TEST_CASE("an inspection tells of actors that wait for a thread, and of children") {
  Gate gate;
  NodeOptions options;
  options.threads = 1;
  Stage stage{Where::here, options};
  const Opener opener{gate};
  const auto hog = stage.node.spawn<Gated>(&gate.opened);
  const auto starving = stage.node.spawn<Gated>();
  Supervisor supervisor{stage.node};
  const auto child = supervisor.spawn<Gated>();
  Inspector inspector;
  hog.tell(Enter{});
  REQUIRE(eventually([&] { return line_of(inspector.look(stage.node.core()), hog).in_turn; }));

  starving.tell(Count{});
  starving.tell(Count{});
  child.tell(Count{});

  ActorLine line;
  REQUIRE(eventually([&] {
    line = line_of(inspector.look(stage.node.core()), starving);
    return line.oldest_ms >= 30;
  }));
  CHECK(line.waiting == 2);
  CHECK_FALSE(line.in_turn);
  const NodeReport report = inspector.look(stage.node.core());
  CHECK(line_of(report, child).waiting == 1);
  CHECK(report.facts.actors == report.actors.size());
  CHECK(report.facts.threads == 1);
}

TEST_CASE("an inspection tells how often actors and processes were made anew") {
  CapturedLog log;
  Stage stage;
  Supervisor supervisor{stage.node, supervised::quick()};
  const auto here_worker = supervisor.spawn<supervised::Worker>();
  const auto there = supervisor.spawn<supervised::Worker>(own_process);
  Inspector inspector;
  REQUIRE(supervised::pid_of(there) != 0);

  here_worker.tell(supervised::Boom{});
  here_worker.tell(supervised::Boom{});
  there.kill();

  REQUIRE(eventually([&] { return supervisor.restarts() == 3; }));
  REQUIRE(supervised::pid_of(there) != 0);
  const NodeReport report = inspector.look(stage.node.core());
  CHECK(line_of(report, here_worker).restarts == 2);
  REQUIRE(report.seats.size() == 1);
  CHECK(report.seats[0].restarts == 1);
  CHECK(report.seats[0].label.find("Worker#s1") != std::string::npos);
  REQUIRE(report.links.size() == 1);
  CHECK(report.links[0].state == "open");
  CHECK(report.links[0].redials == 0);
  CHECK(report.seats[0].place == report.links[0].peer);
  const NodeReport of_process = inspector.look(report.links[0].peer, report.links[0].endpoint);
  CHECK(of_process.facts.parent == report.facts.node);
  const auto worker = line_of(of_process, "Worker");
  REQUIRE(worker);
  CHECK(worker->number == report.seats[0].actor);
}

TEST_CASE("an inspection tells the dead letters by reason, and the last ones by name") {
  CapturedLog log;
  Stage stage;
  const auto gated = stage.node.spawn<Gated>();
  gated.stop();
  REQUIRE(eventually([&] { return !gated.ask(Total{}).result(); }));
  Inspector inspector;

  for (int i = 0; i < 40; ++i) gated.tell(Count{i});
  gated.tell(Enter{});

  const NodeReport report = inspector.look(stage.node.core());
  REQUIRE(report.dead_letters.size() > static_cast<std::size_t>(Errc::closed));
  CHECK(report.dead_letters[static_cast<std::size_t>(Errc::closed)] == 41);
  CHECK(std::count(report.dead_letters.begin(), report.dead_letters.end(), 0) + 1 == std::ssize(report.dead_letters));
  REQUIRE(report.last_dead_letters.size() == 32);
  CHECK(report.last_dead_letters[0].message.find("Enter") != std::string::npos);
  CHECK(report.last_dead_letters[1].message.find("Count") != std::string::npos);
  CHECK(report.last_dead_letters[0].target.find("Gated#1") != std::string::npos);
  CHECK(report.last_dead_letters[0].reason == static_cast<std::uint8_t>(Errc::closed));
  CHECK(report.last_dead_letters[0].text.find("has stopped") != std::string::npos);
}

TEST_CASE("who has inspected a node leaves nothing there: no session, no dead letter, no line") {
  const bool says_goodbye = GENERATE(true, false);
  CAPTURE(says_goodbye);
  REQUIRE(flush_log(20s));  // of tests before
  CapturedLog log;
  Stage stage;
  const auto gated = stage.node.spawn<Gated>();
  NodeCore& core = stage.node.core();

  if (says_goodbye) {
    Inspector inspector;
    const NodeReport report = inspector.look(core);
    CHECK(report.links.empty());
    CHECK(core.links().all().size() == 1);
  } else {
    Stage haunted{Where::ipc};
    const auto ghost = haunted.spawn<Ghost>();
    CHECK(chain_text(error_of(ghost.ask(LookAt{core.id(), core.endpoint()}))).find("17") != std::string::npos);
  }

  CHECK(eventually([&] { return core.links().all().empty(); }));
  CHECK(stage.node.dead_letters() == 0);
  CHECK(core.links().refused_frames() == 0);
  CHECK(log.lines() == std::vector<std::string>{});
  CHECK(gated.ask(Total{}).get() == 0);
}

TEST_CASE("a storm of inspections beside load leaves the node's work right") {
  Stage stage{Where::ipc};
  const auto gated = stage.node.spawn<Gated>();
  const auto teller = stage.spawn<Teller>(gated);
  std::atomic<bool> done{false};
  std::atomic<int> looks{0};
  std::thread storm{[&] {
    Inspector inspector;
    while (!done.load()) {
      std::vector<AskedReport> asked;
      for (int i = 0; i < 20; ++i) asked.push_back(ask_for_report(inspector.core(), stage.node.core().id(), stage.node.core().endpoint()));
      for (const auto& each : asked)
        if (inspector.core().wait(*each.answer, inspector.core().clock().now() + 20s) && each.answer->error() == nullptr) ++looks;
    }
  }};

  constexpr int step = 1000;
  int told = 0;
  const bool looked = eventually([&] {
    teller.tell(TellCounts{told, step});
    told += step;
    return looks.load() >= 100;
  });
  const bool all = eventually([&] { return gated.ask(Total{}).get() == told; });
  done.store(true);
  storm.join();

  CHECK(looked);
  CHECK(all);
  CHECK(stage.node.dead_letters() == 0);
}
