// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where actors go that are started on other hosts.
#include "hosts/job.hpp"

#include <map>

using namespace troupe;
using Catch::Matchers::Contains;

namespace {

class Thrower : public Actor<Thrower, WhoAreYou> {
 public:
  Thrower() { throw std::runtime_error{"no room"}; }
  void on(const WhoAreYou&) {}
};

struct Meet {
  Ref<Guest> guest;
};
class Visitor : public Actor<Visitor, Meet> {
 public:
  Self on(const Meet& meet) { return self_of(meet.guest); }
};

}  // namespace

TEST_CASE("an actor on another host runs in a process of its own there, also if started twice") {
  Job job{GENERATE(both_securities)};
  Node& node = job.head();
  Program& second = job.host("second");
  node.wait_for_hosts(2);

  const Self one = self_of(node.spawn<Guest>(on_host("second")));
  const Self other = self_of(node.spawn<Guest>(on_host("second")));
  const Self own = self_of(node.spawn<Guest>(on_host("head")));

  CHECK(one.host == "second");
  CHECK(other.host == "second");
  CHECK(own.host == "head");
  CHECK(one.pid != other.pid);
  const auto family = second.family();
  CHECK(std::count(family.begin(), family.end(), one.pid) == 1);
  CHECK(std::count(family.begin(), family.end(), other.pid) == 1);
  CHECK(std::count(family.begin(), family.end(), own.pid) == 0);
}

TEST_CASE("a host or label that there is not is refused in words that name the hosts") {
  Job job;
  Node& node = job.head();
  job.host("second", {"--troupe-label=gpu"});
  node.wait_for_hosts(2);

  CHECK_THROWS_WITH(node.spawn<Guest>(on_host("elsewhere")), Contains("no host is called 'elsewhere'; the job has head, second"));
  CHECK_THROWS_AS(node.spawn<Guest>(on_host("elsewhere")), NotFound);
  CHECK_THROWS_WITH(node.spawn<Guest>(with_label("cpu")), Contains("no host has the label 'cpu'; the job has head, second"));
  CHECK_THROWS_AS(node.spawn<Guest>(every_host), Misuse);
  CHECK_THROWS_AS(on_host(""), Misuse);
  CHECK(self_of(node.spawn<Guest>(with_label("gpu"))).host == "second");
}

TEST_CASE("a program of one host has no others, and is anywhere itself") {
  Stage stage;

  CHECK_THROWS_WITH(stage.node.spawn<Guest>(on_host("elsewhere")), Contains("this program has one"));
  CHECK_THROWS_WITH(stage.node.spawn<Guest>(with_label("gpu")), Contains("this program has one"));
  CHECK(self_of(stage.node.spawn<Guest>(anywhere)).host == stage.node.host_name());
  CHECK(self_of(stage.node.spawn<Guest>(on_host(stage.node.host_name()))).host == stage.node.host_name());
}

TEST_CASE("anywhere is where most slots are free, then where the load is least, and ends are counted") {
  Job job;
  Node& node = job.head();
  job.host("large", {"--troupe-slots=4"});
  job.host("small", {"--troupe-slots=1", "--troupe-label=far"});
  node.wait_for_hosts(3);
  std::map<std::string, int> count;
  std::vector<Ref<Guest>> guests;
  const auto add = [&] {
    guests.push_back(node.spawn<Guest>(anywhere));
    return self_of(guests.back()).host;
  };

  CHECK(add() == "large");
  CHECK(add() == "large");
  for (int i = 2; i < 7; ++i) (void)add();
  for (const auto& guest : guests) ++count[self_of(guest).host];
  CHECK(count == std::map<std::string, int>{{"head", 2}, {"large", 4}, {"small", 1}});

  for (int i = 7; i < 14; ++i) (void)add();
  count.clear();
  for (const auto& guest : guests) ++count[self_of(guest).host];
  CHECK(count == std::map<std::string, int>{{"head", 4}, {"large", 8}, {"small", 2}});

  for (const auto& guest : guests)
    if (self_of(guest).host == "small") guest.stop();
  CHECK(eventually([&] { return self_of(node.spawn<Guest>(anywhere)).host == "small"; }));
}

TEST_CASE("a constructor that throws on another host ends the actor as failed, with the cause") {
  Job job;
  Node& node = job.head();
  job.host("second");
  node.wait_for_hosts(2);

  const auto thrower = node.spawn<Thrower>(on_host("second"));
  const ErrorInfo error = error_of(thrower.ask(WhoAreYou{}));

  CHECK(error.type == ErrorType::actor_died);
  REQUIRE(error.cause != nullptr);
  CHECK_THAT(chain_text(error), Contains("no room"));
}

TEST_CASE("refs to children of other hosts' actors work from everywhere") {
  Job job;
  Node& node = job.head();
  job.host("second");
  job.host("third");
  node.wait_for_hosts(3);
  const auto boss = node.spawn<Boss>(on_host("second"));
  const auto visitor = node.spawn<Visitor>(on_host("third"));
  const std::string place = GENERATE("", "second", "third", "head");

  const Ref<Guest> grandchild = boss.ask(Hire{place}).get();

  const Self self = self_of(grandchild);
  CHECK(self.host == (place.empty() ? "second" : place));
  CHECK(visitor.ask(Meet{grandchild}).get().pid == self.pid);
  boss.stop();
  CHECK(eventually([&] { return has_ended(self.pid); }));
}
