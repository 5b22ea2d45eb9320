// troupe: actors in processes. Apache-2.0, see LICENSE.
// What an actor does with messages, wherever it lives: every behaviour here, in a process over ipc and over tcp.
#include "stage.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

using namespace troupe;

namespace {

struct Add {
  int by = 1;
};
struct Get {};
struct Fail {
  std::string text;
};
struct OddFail {};
struct Unfit {};
struct Parcel {
  std::unique_ptr<int> inside;
};
struct Leave {};

struct OddError {};

class Counter : public Actor<Counter, Add, Get, Fail, OddFail, Unfit, Parcel, Leave> {
 public:
  explicit Counter(int start = 0) : count_{start} {}
  void on(const Add& add) { count_ += add.by; }
  int on(const Get&) const { return count_; }
  int on(const Fail& fail) const { throw std::out_of_range{fail.text}; }
  void on(const OddFail&) const { throw OddError{}; }
  void on(const Unfit&) const { throw Timeout{"my own wait"}; }
  Parcel on(Parcel parcel) {
    ++*parcel.inside;
    return parcel;
  }
  int on(const Leave&) {
    stop();
    return count_;
  }

 private:
  int count_;
};

// Says what happens to it.
struct Say {
  std::string what;
};
struct Explode {};
struct SpawnChild {
  std::string name;
};
class Witness : public Actor<Witness, Say, Explode, SpawnChild> {
 public:
  Witness(std::string name, Ref<Journal> journal) : name_{std::move(name)}, journal_{std::move(journal)} {
    note("made");
    self().tell(Say{"hello, me"});
  }
  ~Witness() { note("gone"); }
  void on_start() override { note("starts"); }
  void on_stop() override { note("stops"); }
  void on(const Say& say) { note(say.what); }
  void on(const Explode&) { throw std::runtime_error{"boom"}; }
  void on(const SpawnChild& child) { spawn<Witness>(child.name, journal_); }

 private:
  void note(const std::string& what) { journal_.tell(Note{name_ + ' ' + what}); }
  std::string name_;
  Ref<Journal> journal_;
};

class Thrower : public Actor<Thrower, Get> {
 public:
  explicit Thrower(int limit) {
    if (limit < 0) throw std::invalid_argument{"a limit below zero"};
  }
  int on(const Get&) { return 1; }
};

}  // namespace

TEST_CASE("an ask brings what the handler returns, after all that was told before") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto counter = stage.spawn<Counter>(10);

  for (int i = 0; i < 1000; ++i) counter.tell(Add{2});

  CHECK(counter.ask(Get{}).get() == 2010);
  CHECK(counter.ask<Get>().get() == 2010);
  counter.ask(Add{}).get();
  counter.ask<Add>(5).get();
  CHECK(counter.ask<Get>().get() == 2016);
}

TEST_CASE("an exception of a handler that answers is the answer, as the standard exception that it was") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto counter = stage.spawn<Counter>(1);

  CHECK_THROWS_AS(counter.ask(Fail{"far out"}).get(), std::out_of_range);
  try {
    counter.ask(Fail{"far out"}).get();
    FAIL("no error came");
  } catch (const RemoteError& error) {
    CHECK(std::string{error.what()} == "far out");
    CHECK(error.type_name() == "std::out_of_range");
    CHECK(error.code() == Errc::handler_failed);
    CHECK(error.executed() == Executed::yes);
    CHECK(dynamic_cast<const std::out_of_range*>(&error) != nullptr);
  }
  const auto odd = error_of(counter.ask(OddFail{}));
  CHECK(odd.type_name.find("OddError") != std::string::npos);
  CHECK_THROWS_AS(counter.ask(OddFail{}).get(), std::runtime_error);

  CHECK(counter.ask(Get{}).get() == 1);
}

TEST_CASE("a troupe error that leaves a handler is the cause of the answer, not the answer") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto counter = stage.spawn<Counter>();

  const auto error = error_of(counter.ask(Unfit{}));

  CHECK(error.code == Errc::handler_failed);
  REQUIRE(error.cause != nullptr);
  CHECK(error.cause->code == Errc::timeout);
}

TEST_CASE("an exception of a told handler ends the actor, and asks say why") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto counter = stage.spawn<Counter>();

  counter.tell(Fail{"too much"});
  const auto error = error_of(counter.ask(Get{}));

  CHECK(error.code == Errc::died);
  CHECK(chain_text(error).find("too much") != std::string::npos);
  CHECK_THROWS_AS(counter.ask(Get{}).get(), ActorDied);
}

TEST_CASE("the first turn is on_start, the last on_stop, a message to itself from the constructor comes between") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto journal = stage.node.spawn<Journal>();
  const auto witness = stage.spawn<Witness>("w", journal);

  witness.tell(Say{"works"});
  witness.stop();

  REQUIRE(eventually([&] { return notes_of(journal).size() == 6; }));
  CHECK(notes_of(journal) == std::vector<std::string>{"w made", "w starts", "w hello, me", "w works", "w stops", "w gone"});
}

TEST_CASE("children end before their parents") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto journal = stage.node.spawn<Journal>();
  const auto parent = stage.spawn<Witness>("p", journal);

  parent.ask(SpawnChild{"c"}).get();
  parent.stop();

  REQUIRE(eventually([&] { return notes_of(journal).size() == 10; }));
  const auto notes = notes_of(journal);
  const auto at = [&](const std::string& note) { return std::find(notes.begin(), notes.end(), note) - notes.begin(); };
  CHECK(at("c starts") < at("c stops"));
  CHECK(at("c gone") < at("p stops"));
  CHECK(at("p stops") < at("p gone"));
}

TEST_CASE("a failed actor takes its children along and gets no on_stop") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto journal = stage.node.spawn<Journal>();
  const auto parent = stage.spawn<Witness>("p", journal);
  parent.ask(SpawnChild{"c"}).get();

  parent.tell(Explode{});

  REQUIRE(eventually([&] {
    const auto notes = notes_of(journal);
    return std::count(notes.begin(), notes.end(), "p gone") == 1;
  }));
  const auto notes = notes_of(journal);
  CHECK(std::count(notes.begin(), notes.end(), "c stops") == 1);
  CHECK(std::count(notes.begin(), notes.end(), "p stops") == 0);
}

TEST_CASE("a constructor that throws here throws to the caller") {
  Stage stage;

  CHECK_THROWS_AS(stage.node.spawn<Thrower>(-1), std::invalid_argument);
  CHECK(stage.node.spawn<Thrower>(1).ask(Get{}).get() == 1);
}

TEST_CASE("a constructor that throws in a process of its own ends the actor, and asks get the cause") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};

  const auto actor = stage.spawn<Thrower>(-1);
  const auto error = error_of(actor.ask(Get{}));

  CAPTURE(chain_text(error));
  CHECK(error.type == ErrorType::actor_died);
  CHECK(error.executed != Executed::yes);
  CHECK(chain_text(error).find("a limit below zero") != std::string::npos);
}

TEST_CASE("stop stands behind what was told before, asks behind it end as closed and were not executed") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto journal = stage.node.spawn<Journal>();
  const auto witness = stage.spawn<Witness>("w", journal);

  for (int i = 0; i < 100; ++i) witness.tell(Say{"works"});
  witness.stop();
  const auto error = error_of(witness.ask(Say{"too late"}));

  CHECK(error.code == Errc::closed);
  CHECK(error.executed == Executed::no);
  REQUIRE(eventually([&] {
    const auto notes = notes_of(journal);
    return std::count(notes.begin(), notes.end(), "w gone") == 1;
  }));
  const auto notes = notes_of(journal);
  CHECK(std::count(notes.begin(), notes.end(), "w works") == 100);
  CHECK(std::count(notes.begin(), notes.end(), "w too late") == 0);
}

TEST_CASE("an actor that stops itself in a handler still answers that ask") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto counter = stage.spawn<Counter>(4);

  CHECK(counter.ask(Leave{}).get() == 4);
  const auto error = error_of(counter.ask(Get{}));
  CHECK(error.code == Errc::closed);
  CHECK(error.executed == Executed::no);
}

TEST_CASE("messages and answers may hold what can only be moved") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto counter = stage.spawn<Counter>();

  const Parcel back = counter.ask(Parcel{std::make_unique<int>(41)}).get();

  REQUIRE(back.inside != nullptr);
  CHECK(*back.inside == 42);
}

TEST_CASE("what is told to an actor that has stopped is a dead letter, and counted") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto counter = stage.spawn<Counter>();
  counter.stop();
  (void)error_of(counter.ask(Get{}));
  REQUIRE(eventually([&] {
    const auto before = stage.node.dead_letters();
    counter.tell(Add{});
    return stage.node.dead_letters() > before;
  }));

  const auto before = stage.node.dead_letters();
  for (int i = 0; i < 5; ++i) counter.tell(Add{});

  CHECK(stage.node.dead_letters() == before + 5);
}

TEST_CASE("kill ends an actor, and asks say that it died") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  const auto counter = stage.spawn<Counter>();
  CHECK(counter.ask(Get{}).get() == 0);

  counter.kill();
  const auto error = error_of(counter.ask(Get{}));

  CHECK(error.code == Errc::died);
  if (where == Where::here) {
    CHECK_FALSE(error.signal.has_value());
  } else {
    CHECK(error.signal == 9);
  }
}
