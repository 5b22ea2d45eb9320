// troupe: actors in processes. Apache-2.0, see LICENSE.
// What every directory of names promises, as one list: include it behind `#define ENGINES Files, Head`.
//
// An engine is a class with `options()`, those of a node whose names it keeps, `join(one, other)`, which has two nodes share it if their
// options do not, and `missing()`, which says what the test machine lacks, if anything.
#pragma once

#include "catch.hpp"

#include "cluster/directory_actors.hpp"

using namespace conformance;  // NOLINT(google-build-using-namespace): of one test program

TEMPLATE_TEST_CASE("what one publishes, itself and the other find and use", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("sum");
  const auto sum = meeting.one.template spawn<Sum>();

  meeting.one.node.publish(name, sum);

  meeting.other->node.template find<Sum>(name).ask(Add{7}).get();
  meeting.other->node.template wait_for<Sum>(name).ask(Add{1}).get();
  CHECK(meeting.one.node.template find<Sum>(name).ask(Get{}).get() == 8);
}

TEMPLATE_TEST_CASE("a name has one owner, and is free once that gives it back", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("unique");
  const auto sum = meeting.one.template spawn<Sum>();
  const auto second = meeting.other->template spawn<Sum>();
  meeting.one.node.publish(name, sum);

  CHECK_THROWS_AS(meeting.one.node.publish(name, sum), troupe::Refused);
  CHECK_THROWS_AS(meeting.other->node.publish(name, second), troupe::Refused);
  CHECK_THROWS_AS(meeting.other->node.unpublish(name), troupe::NotFound);
  meeting.one.node.unpublish(name);
  CHECK_THROWS_AS(meeting.one.node.unpublish(name), troupe::NotFound);
  CHECK_THROWS_AS(meeting.other->node.template find<Sum>(name), troupe::NotFound);
  meeting.other->node.publish(name, second);
  second.ask(Add{3}).get();
  CHECK(meeting.one.node.template find<Sum>(name).ask(Get{}).get() == 3);
}

TEMPLATE_TEST_CASE("wait_for sees what was there before and what comes, and says Timeout after its patience", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("later");
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(meeting.other->node.template wait_for<Sum>(name, 50ms), troupe::Timeout);
  CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
  auto waits = std::async(std::launch::async, [&] { return meeting.other->node.template wait_for<Sum>(name).ask(Get{}).get(); });
  auto waits_too = std::async(std::launch::async, [&] { return meeting.one.node.template wait_for<Sum>(name).ask(Get{}).get(); });
  REQUIRE(waits.wait_for(20ms) == std::future_status::timeout);

  meeting.one.node.publish(name, meeting.one.template spawn<Sum>());

  CHECK(waits.get() == 0);
  CHECK(waits_too.get() == 0);
  CHECK(meeting.other->node.template wait_for<Sum>(name, 10s).ask(Get{}).get() == 0);
}

TEMPLATE_TEST_CASE("a name that is found by another type is Malformed, in words", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("typed");
  meeting.one.node.publish(name, troupe::Queue<int>{meeting.one.node});

  CHECK_THROWS_AS(meeting.other->node.template find<troupe::Queue<long>>(name), troupe::Malformed);
  CHECK_THROWS_WITH(meeting.other->node.template wait_for<Sum>(name), Catch::Contains("troupe::Queue<int>") && Catch::Contains("Sum"));
}

TEMPLATE_TEST_CASE("what stands behind a name has room for 64 KiB, and more is refused before anybody is asked", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const std::string large(60'000, 'x');

  meeting.one.node.publish(own_name("large"), large);

  CHECK(meeting.other->node.template find<std::string>(own_name("large")) == large);
  CHECK_THROWS_AS(meeting.one.node.publish(own_name("too-large"), std::string(70'000, 'x')), troupe::Refused);
  CHECK(is_free(meeting.other->node, own_name("too-large")));
}

TEMPLATE_TEST_CASE("a name goes with what it names, can be taken anew then, and goes with its node", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  troupe::Node& node = meeting.one.node;
  const auto actor = own_name("actor");
  const auto queue = own_name("queue");
  const auto left = own_name("left");
  const auto sum = meeting.other->template spawn<Sum>();
  troupe::Queue<int> items{meeting.other->node};
  meeting.other->node.publish(actor, sum);
  meeting.other->node.publish(queue, items);
  meeting.other->node.publish(left, meeting.other->template spawn<Sum>());
  CHECK_FALSE(is_free(node, queue));

  sum.stop();
  items.destroy();

  CHECK(eventually([&] { return is_free(node, actor) && is_free(node, queue); }));
  meeting.other->node.publish(actor, meeting.other->template spawn<Sum>());
  CHECK(node.find<Sum>(actor).ask(Get{}).get() == 0);
  meeting.other.reset();
  CHECK(eventually([&] { return is_free(node, left) && is_free(node, actor); }));
}

TEMPLATE_TEST_CASE("an actor publishes itself in its constructor, here and in a process of its own", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto here = meeting.one.node.template spawn<Eager>(own_name("here"));
  const auto there = meeting.one.node.template spawn<Eager>(troupe::own_process, own_name("there"));

  CHECK(meeting.other->node.template find<Eager>(own_name("here")).ask(Get{}).get() == static_cast<int>(::getpid()));
  CHECK(meeting.other->node.template find<Eager>(own_name("there")).ask(Get{}).get() == there.ask(Get{}).get());
  CHECK_THROWS_AS(meeting.one.node.template spawn<Eager>(own_name("here")), troupe::Refused);
}

TEMPLATE_TEST_CASE("the name of a process goes when that is killed, and others can have it", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("killed");
  const auto guest = meeting.one.node.template spawn<Guest>(troupe::own_process);
  const auto other = meeting.other->node.template spawn<Guest>(troupe::own_process);
  REQUIRE(guest.ask(Take{name}).get());
  CHECK_FALSE(other.ask(Take{name}).get());
  CHECK(meeting.other->node.template find<Guest>(name).ask(Get{}).get() == guest.ask(Get{}).get());

  guest.kill();

  CHECK(eventually([&] { return is_free(meeting.other->node, name); }));
  CHECK(other.ask(Take{name}).get());
  CHECK(meeting.one.node.template find<Guest>(name).ask(Get{}).get() == other.ask(Get{}).get());
  other.ask(GiveBack{name}).get();
  CHECK(is_free(meeting.one.node, name));
}

TEMPLATE_TEST_CASE("processes of processes have the same names, and lose them with whoever started them", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("below");
  const auto guest = meeting.one.node.template spawn<Guest>(troupe::own_process);

  REQUIRE(guest.ask(TakeBelow{name}).get());
  CHECK_FALSE(guest.ask(Take{name}).get());
  CHECK(meeting.other->node.template find<Guest>(name).ask(Get{}).get() != guest.ask(Get{}).get());
  guest.kill();

  CHECK(eventually([&] { return is_free(meeting.other->node, name); }));
}

TEMPLATE_TEST_CASE("of processes that race for a name, one has it at a time", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  std::vector<troupe::Ref<Guest>> guests;
  for (troupe::Node* node : {&meeting.one.node, &meeting.other->node, &meeting.one.node, &meeting.other->node})
    guests.push_back(node->template spawn<Guest>(troupe::own_process));

  std::vector<troupe::Future<std::vector<Had>>> races;
  for (const auto& guest : guests) races.push_back(guest.ask(Race{own_name("race"), 15}));

  std::vector<Had> had;
  for (auto& race : races)
    for (const Had& each : race.get()) had.push_back(each);
  std::sort(had.begin(), had.end(), [](const Had& left, const Had& right) { return left.from < right.from; });
  CHECK(had.size() == 60);
  for (std::size_t i = 1; i < had.size(); ++i) CHECK(had[i - 1].to <= had[i].from);
  CHECK(is_free(meeting.one.node, own_name("race")));
}

TEMPLATE_TEST_CASE("who watches names is told of those that are there, that come and that go, by prefix", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  troupe::Node& node = meeting.one.node;
  const std::string some = own_name("some.");
  const auto sum = meeting.one.template spawn<Sum>();
  node.publish(some + "before", sum);
  const auto herald = meeting.other->template spawn<Herald>();
  const auto of_all = meeting.one.template spawn<Herald>();

  meeting.other->node.watch_names(herald, some);
  node.watch_names(of_all, own_name(""));
  REQUIRE(hears(herald, {"+" + some + "before"}));
  node.publish(own_name("else"), sum);
  node.publish(some + "new", sum);
  REQUIRE(hears(herald, {"+" + some + "before", "+" + some + "new"}));
  node.unpublish(some + "before");
  REQUIRE(hears(herald, {"+" + some + "before", "+" + some + "new", "-" + some + "before"}));
  CHECK(eventually([&] { return of_all.ask(Heard{}).get().size() == 4; }));

  meeting.other->node.unwatch_names(herald);
  node.unpublish(some + "new");
  CHECK(eventually([&] { return of_all.ask(Heard{}).get().back() == "-" + some + "new"; }));
  CHECK(herald.ask(Heard{}).get().size() == 3);
  meeting.other->node.watch_names(herald, some);
  node.publish(some + "again", sum);
  CHECK(eventually([&] { return herald.ask(Heard{}).get().back() == "+" + some + "again"; }));
}

TEMPLATE_TEST_CASE("who watches names uses what has come, and hears when its process was killed", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto name = own_name("worker");
  const auto herald = meeting.other->node.template spawn<Herald>(troupe::own_process);
  meeting.other->node.watch_names(herald, name);
  const auto guest = meeting.one.node.template spawn<Guest>(troupe::own_process);

  REQUIRE(guest.ask(Take{name}).get());
  REQUIRE(hears(herald, {"+" + name}));
  guest.kill();
  CHECK(hears(herald, {"+" + name, "-" + name}));
}

TEMPLATE_TEST_CASE("a subscriber that is slow misses what came and went, and nothing that stays", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  troupe::Node& node = meeting.one.node;
  const std::string some = own_name("slow.");
  const auto sum = meeting.one.template spawn<Sum>();
  std::promise<void> gate;
  const auto slow = meeting.other->node.template spawn<Slow>(gate.get_future().share());
  meeting.other->node.watch_names(slow, some);
  node.publish(some + "0", sum);

  for (int i = 1; i <= 100; ++i) {
    node.publish(some + std::to_string(i), sum);
    node.unpublish(some + std::to_string(i - 1));
  }
  std::promise<void> open;
  open.set_value();
  const auto quick = meeting.other->node.template spawn<Slow>(open.get_future().share());
  meeting.other->node.watch_names(quick, some);
  CHECK(eventually([&] { return quick.ask(Heard{}).get().first == std::set{some + "100"}; }));
  gate.set_value();

  CHECK(eventually([&] { return slow.ask(Heard{}).get().first == std::set{some + "100"}; }));
  CHECK(slow.ask(Heard{}).get().second < 100);
}

TEMPLATE_TEST_CASE("two hundred names are found, each by itself and all at once", "", ENGINES) {
  if (skipped<TestType>()) return;
  Meeting<TestType> meeting;
  const auto herald = meeting.other->template spawn<Herald>();
  std::set<std::string> wanted;
  for (int i = 0; i < 200; ++i) {
    const auto name = own_name("many." + std::to_string(i));
    meeting.one.node.publish(name, i);
    wanted.insert("+" + name);
  }

  meeting.other->node.watch_names(herald, own_name("many."));

  CHECK(eventually([&] { return herald.ask(Heard{}).get().size() == 200; }));
  const auto heard = herald.ask(Heard{}).get();
  CHECK(std::set(heard.begin(), heard.end()) == wanted);
  CHECK(meeting.other->node.template find<int>(own_name("many.137")) == 137);
}
