// troupe: actors in processes. Apache-2.0, see LICENSE.
// Refs as values: compared, printed, sent, handed to constructors, empty.
#include "stage.hpp"

#include <map>
#include <sstream>
#include <unordered_set>

using namespace troupe;

namespace {

struct Ping {
  int value = 0;
};
class Target : public Actor<Target, Ping> {
 public:
  int on(const Ping& ping) {
    last_ = ping.value;
    return last_ + 1;
  }

 private:
  int last_ = 0;
};

struct Meet {
  Ref<Target> whom;
};
struct Give {};
struct CallAll {
  std::vector<Ref<Target>> all;
};
struct NameOf {
  Ref<Target> whom;
};
class Guest : public Actor<Guest, Meet, Give, CallAll, NameOf> {
 public:
  Guest() = default;
  explicit Guest(Ref<Target> known) : known_{std::move(known)} {}
  int on(const Meet& meet) {
    known_ = meet.whom;
    return known_.ask(Ping{10}).get();
  }
  Ref<Target> on(const Give&) const { return known_; }
  int on(const CallAll& call) {
    int sum = 0;
    for (const auto& target : call.all) sum += target.ask(Ping{1}).get();
    return sum;
  }
  bool on(const NameOf& name) const { return name.whom == known_; }

 private:
  Ref<Target> known_;
};

class Curious : public Actor<Curious, Ping> {
 public:
  explicit Curious(const Ref<Target>& target) : known_{target.ask(Ping{41}, 5s).get()} {}
  int on(const Ping& ping) const { return known_ + ping.value; }

 private:
  const int known_;
};

}  // namespace

TEST_CASE("an empty ref names nobody: every call is misuse") {
  const Ref<Target> nobody;

  CHECK_FALSE(nobody);
  CHECK_THROWS_AS(nobody.tell(Ping{}), Misuse);
  CHECK_THROWS_AS(nobody.ask(Ping{}), Misuse);
  CHECK_THROWS_AS(nobody.stop(), Misuse);
  CHECK_THROWS_AS(nobody.kill(), Misuse);
  CHECK(nobody.name() == "nobody");
  CHECK(nobody == Ref<Target>{});
  CHECK_THROWS_AS(Recipient<Ping>{}.tell(Ping{}), Misuse);
}

TEST_CASE("refs compare, hash and print by whom they name") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto one = stage.spawn<Target>();
  const auto two = stage.spawn<Target>();
  const auto copy = one;

  CHECK(one == copy);
  CHECK(one != two);
  CHECK((one < two || two < one));
  CHECK(one != Ref<Target>{});
  CHECK(std::hash<Ref<Target>>{}(one) == std::hash<Ref<Target>>{}(copy));
  CHECK(std::unordered_set<Ref<Target>>{one, two, copy}.size() == 2);
  CHECK(std::map<Ref<Target>, int>{{one, 1}, {two, 2}, {copy, 3}}.size() == 2);
  std::ostringstream out;
  out << one;
  CHECK(out.str() == one.name());
  CHECK_FALSE(out.str().empty());
  CHECK(one.name() != two.name());
}

TEST_CASE("a ref reaches its actor from any place that it was sent to, and comes back as the same") {
  const auto where = GENERATE(every_place);
  const auto target_where = GENERATE(here, own_process);
  CAPTURE(where);
  CAPTURE(target_where == own_process);
  Stage stage{where};
  const auto target = stage.node.spawn<Target>(target_where);
  const auto guest = stage.spawn<Guest>();

  CHECK(guest.ask(Meet{target}).get() == 11);
  CHECK(guest.ask(NameOf{target}).get());
  const auto back = guest.ask(Give{}).get();
  CHECK(back == target);
  CHECK(std::hash<Ref<Target>>{}(back) == std::hash<Ref<Target>>{}(target));
  CHECK(back.ask(Ping{1}).get() == 2);
}

TEST_CASE("a ref may be an argument of a constructor, an empty one too") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto target = stage.node.spawn<Target>();

  const auto guest = stage.spawn<Guest>(target);
  CHECK(guest.ask(Give{}).get() == target);
  CHECK(guest.ask(Give{}).get().ask(Ping{1}).get() == 2);

  const auto lonely = stage.spawn<Guest>(Ref<Target>{});
  CHECK_FALSE(lonely.ask(Give{}).get());
}

TEST_CASE("a constructor may ask, and is asked only after it") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto target = stage.node.spawn<Target>();

  const auto curious = stage.spawn<Curious>(target);

  CHECK(curious.ask(Ping{1}, 10s).get() == 43);
}

TEST_CASE("a recipient is a ref to whoever takes the message") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Stage stage{where};
  const auto journal = stage.spawn<Journal>();

  const Recipient<Note> anybody = journal;
  anybody.tell(Note{"through a recipient"});

  CHECK(notes_of(journal) == std::vector<std::string>{"through a recipient"});
  CHECK(anybody == Recipient<Note>{journal});
  CHECK(anybody.name() == journal.name());
}

TEST_CASE("siblings in processes of their own reach each other by refs") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  Stage stage{where};
  std::vector<Ref<Target>> targets;
  for (int i = 0; i < 4; ++i) targets.push_back(stage.spawn<Target>());
  const auto guest = stage.spawn<Guest>();
  CallAll call;
  for (std::size_t i = 0; i < 100; ++i) call.all.push_back(targets[i % targets.size()]);

  CHECK(guest.ask(call).get() == 200);
}

TEST_CASE("a ref outlives its actor, its node and its process") {
  const auto where = GENERATE(every_place);
  CAPTURE(where);
  Ref<Target> left;
  {
    Stage stage{where};
    left = stage.spawn<Target>();
    CHECK(left.ask(Ping{1}).get() == 2);
  }

  CHECK(left);
  CHECK_FALSE(left.name().empty());
  CHECK(error_of(left.ask(Ping{1})).code == Errc::closed);
  CHECK_NOTHROW(left.tell(Ping{1}));
  CHECK_NOTHROW(left.stop());
}
