// troupe: actors in processes. Apache-2.0, see LICENSE.
// What an actor hears of the end of others: once, with the reason, behind their last words.
#include "stage.hpp"

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <stdexcept>

using namespace troupe;

namespace {

struct Pid {};
struct Boom {};
struct Leave {
  int code = 0;
};
class Guard;
struct Talk {
  int times = 0;
  Ref<Guard> to;
};

class Mortal : public Actor<Mortal, Pid, Boom, Leave, Talk> {
 public:
  Mortal() = default;
  explicit Mortal(bool fails) {
    if (fails) throw std::invalid_argument{"born to fail"};
  }
  int on(const Pid&) const { return ::getpid(); }
  void on(const Boom&) const { throw std::runtime_error{"boom"}; }
  void on(const Leave& leave) const { ::_exit(leave.code); }
  void on(const Talk& talk);
};

struct WatchIt {
  Ref<Mortal> mortal;
};
struct UnwatchIt {
  Ref<Mortal> mortal;
};
// Kills, and unwatches once another watcher has heard of it: then the own Down waits in the mailbox.
struct Outlive {
  Ref<Mortal> mortal;
  Ref<Guard> later_watcher;
};
struct Seen {};
struct Last {};

// Notes what it hears, in a form that tests can compare.
class Guard : public Actor<Guard, Down, WatchIt, UnwatchIt, Outlive, Note, Seen, Last, Boom> {
 public:
  Guard() = default;
  explicit Guard(const Ref<Mortal>& mortal) : mortal_{mortal} { watch(mortal); }
  void on(const Down& down) {
    last_ = down;
    std::string text{to_string(down.reason)};
    if (down.signal != 0) text += " by " + std::to_string(down.signal);
    if (down.exit_code) text += " with " + std::to_string(*down.exit_code);
    if (mortal_ && !down.is(mortal_)) text += " of another";
    seen_.push_back(text);
  }
  void on(const WatchIt& it) {
    mortal_ = it.mortal;
    watch(it.mortal);
  }
  void on(const UnwatchIt& it) { unwatch(it.mortal); }
  void on(const Outlive& outlive) {
    outlive.mortal.kill();
    while (outlive.later_watcher.ask(Seen{}).get().empty()) {
    }
    unwatch(outlive.mortal);
  }
  void on(const Note& note) { seen_.push_back(note.text); }
  void on(const Boom&) const { throw std::runtime_error{"the guard fails"}; }
  std::vector<std::string> on(const Seen&) const { return seen_; }
  Down on(const Last&) const { return last_; }

 private:
  Ref<Mortal> mortal_;
  std::vector<std::string> seen_;
  Down last_;
};

void Mortal::on(const Talk& talk) {
  for (int i = 0; i < talk.times; ++i) talk.to.tell(Note{"said"});
}

std::atomic<int> heard_of_itself{0};
class Narcissus : public Actor<Narcissus, Down> {
 public:
  Narcissus() { watch(self()); }
  void on(const Down&) { ++heard_of_itself; }
};

class Nervous : public Actor<Nervous, Down> {
 public:
  explicit Nervous(const Ref<Mortal>& mortal) { watch(mortal); }
  void on(const Down&) { throw std::runtime_error{"too sad"}; }
};

std::vector<std::string> seen_by(const Ref<Guard>& guard) { return guard.ask(Seen{}).get(); }

using Texts = std::vector<std::string>;

bool hears(const Ref<Guard>& guard, const Texts& expected) {
  const bool came = eventually([&] { return seen_by(guard).size() >= expected.size(); });
  const auto seen = seen_by(guard);
  CAPTURE(seen);
  CHECK(seen == expected);
  return came;
}

}  // namespace

TEST_CASE("a watcher hears once that an actor was stopped, failed or was killed") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};

  SECTION("stopped") {
    const auto mortal = stage.spawn<Mortal>();
    const auto guard = stage.node.spawn<Guard>(mortal);
    mortal.stop();
    REQUIRE(hears(guard, {"normal"}));
  }
  SECTION("failed, with the cause") {
    const auto mortal = stage.spawn<Mortal>();
    const auto guard = stage.node.spawn<Guard>(mortal);
    mortal.tell(Boom{});
    REQUIRE(hears(guard, {"failed"}));
    const Down down = guard.ask(Last{}).get();
    CHECK(chain_text(down.error).find("boom") != std::string::npos);
    CHECK(down.error.code == Errc::died);
    CHECK(down.actor.find("Mortal") != std::string::npos);
  }
  SECTION("killed") {
    const auto mortal = stage.spawn<Mortal>();
    const auto guard = stage.node.spawn<Guard>(mortal);
    mortal.kill();
    REQUIRE(hears(guard, {where == Where::here ? "killed" : "killed by 9"}));
  }
}

TEST_CASE("a watcher hears by which signal or with which code a process ended") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto first = stage.spawn<Mortal>();
  const auto second = stage.spawn<Mortal>();
  const auto of_first = stage.node.spawn<Guard>(first);
  const auto of_second = stage.node.spawn<Guard>(second);

  ::kill(first.ask(Pid{}).get(), SIGTERM);
  second.tell(Leave{7});

  REQUIRE(hears(of_first, {"killed by 15"}));
  REQUIRE(hears(of_second, {"failed with 7"}));
}

TEST_CASE("each watch is told once, also of an actor that ended before") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto mortal = stage.spawn<Mortal>();
  const auto guard = stage.node.spawn<Guard>(mortal);
  guard.ask(WatchIt{mortal}).get();

  mortal.tell(Boom{});
  REQUIRE(hears(guard, {"failed", "failed"}));

  const auto late = stage.node.spawn<Guard>(mortal);
  REQUIRE(hears(late, {"failed"}));
  guard.ask(WatchIt{mortal}).get();
  REQUIRE(hears(guard, {"failed", "failed", "failed"}));
}

TEST_CASE("a constructor that throws in a process of its own is a failure to those who watch") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};

  const auto guard = stage.node.spawn<Guard>(stage.spawn<Mortal>(true));

  REQUIRE(hears(guard, {"failed"}));
  CHECK(chain_text(guard.ask(Last{}).get().error).find("born to fail") != std::string::npos);
}

TEST_CASE("unwatch ends every watch of that actor") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto mortal = stage.spawn<Mortal>();
  const auto other = stage.spawn<Mortal>();
  const auto guard = stage.node.spawn<Guard>(mortal);
  guard.ask(WatchIt{mortal}).get();
  guard.ask(UnwatchIt{mortal}).get();
  guard.ask(WatchIt{other}).get();

  mortal.ask(Pid{}).get();
  mortal.kill();
  REQUIRE(eventually([&] { return !mortal.ask(Pid{}).result(); }));
  other.stop();

  REQUIRE(hears(guard, {"normal"}));
}

TEST_CASE("a Down that waits in the mailbox does not come after unwatch") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto mortal = stage.spawn<Mortal>();
  const auto other = stage.spawn<Mortal>();
  const auto guard = stage.node.spawn<Guard>(mortal);
  guard.ask(Seen{}).get();
  const auto later = stage.node.spawn<Guard>(mortal);
  later.ask(Seen{}).get();

  guard.ask(Outlive{mortal, later}).get();
  guard.ask(WatchIt{other}).get();
  other.stop();

  REQUIRE(hears(guard, {"normal"}));
}

TEST_CASE("a Down comes behind what the dead one said") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto mortal = stage.spawn<Mortal>();
  const auto guard = stage.node.spawn<Guard>(mortal);

  mortal.tell(Talk{100, guard});
  mortal.tell(Boom{});

  Texts expected(100, "said");
  expected.emplace_back("failed");
  REQUIRE(hears(guard, expected));
}

TEST_CASE("a watcher in another process hears how an actor elsewhere ended") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};

  SECTION("in its parent") {
    const auto mortal = stage.node.spawn<Mortal>();
    const auto guard = stage.spawn<Guard>(mortal);
    guard.ask(Seen{}).get();
    mortal.tell(Boom{});
    REQUIRE(hears(guard, {"failed"}));
    const auto late = stage.spawn<Guard>(mortal);
    REQUIRE(hears(late, {"failed"}));
  }
  SECTION("in a sibling, by its signal, before and after") {
    const auto mortal = stage.spawn<Mortal>();
    const auto guard = stage.spawn<Guard>(mortal);
    guard.ask(Seen{}).get();
    ::kill(mortal.ask(Pid{}).get(), SIGKILL);
    REQUIRE(hears(guard, {"killed by 9"}));
    const auto late = stage.spawn<Guard>(mortal);
    REQUIRE(hears(late, {"killed by 9"}));
  }
}

TEST_CASE("a watcher that ends leaves nothing behind at the watched") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto mortal = stage.spawn<Mortal>();
  for (int i = 0; i < 100; ++i) stage.node.spawn<Guard>(mortal).stop();
  const auto guard = stage.node.spawn<Guard>(mortal);

  CHECK(mortal.ask(Pid{}).get() > 0);
  mortal.stop();

  REQUIRE(hears(guard, {"normal"}));
  CHECK(stage.node.dead_letters() == 0);
}

TEST_CASE("an actor may watch itself, and is not told") {
  {
    Stage stage;
    stage.node.spawn<Narcissus>().stop();
  }
  CHECK(heard_of_itself == 0);
}

TEST_CASE("watching nobody is misuse") {
  Stage stage;
  CHECK_THROWS_AS(stage.node.spawn<Guard>(Ref<Mortal>{}), Misuse);
}

TEST_CASE("a watcher whose on(Down) throws fails") {
  CapturedLog log;
  Stage stage;
  const auto mortal = stage.node.spawn<Mortal>();
  stage.node.spawn<Nervous>(mortal);

  mortal.stop();

  CHECK(eventually([&] { return log.contains("too sad"); }));
}
