// troupe: actors in processes. Apache-2.0, see LICENSE.
// Dicts that processes share: as a plain dict, one step at a time, and changed in place at their owner.
#include "actor/stage.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;

namespace {

using Counts = Dict<std::string, int>;

PatternOptions at(Where where) { return {.name = "counts", .place = where == Where::here ? here : own_process}; }

struct Take {
  Counts counts;
  int times = 0;
};
struct Furnish {
  Dict<std::string, Dict<std::string, int>> rooms;
};
struct Look {
  Counts counts;
};
struct Empty {
  Counts counts;
};
struct Later {
  Counts counts;
};

class Worker : public Actor<Worker, Take, Furnish, Look, Empty, Later> {
 public:
  void on(const Take& take) {
    for (int i = 0; i < take.times; ++i) take.counts["count"] -= 1;
  }
  void on(const Furnish& furnish) {
    auto supplies = furnish.rooms.get("supplies");
    supplies.set("blankets", 5);
    furnish.rooms["supplies"].get().set("water", 7);
  }
  Counts::Items on(const Look& look) { return look.counts.items(); }
  void on(const Empty& empty) { empty.counts.clear(); }
  Task<int> on(Later later) {
    co_await later.counts.set_async("later", 8);
    co_return co_await later.counts.get_async("later");
  }
};

int twice(int number) { return number * 2; }
int put(std::vector<int>& numbers, int number) {
  numbers.push_back(number);
  return static_cast<int>(numbers.size());
}
void name_it(std::string& name, const std::string& to) { name = to; }
int fails(int) { throw std::out_of_range{"no"}; }

}  // namespace

TEST_CASE("G05 a dict's keys, values and items are those of a plain dict") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  std::map<int, std::string> plain;
  for (int i = 65; i < 70; ++i) plain[i] = std::string(1, static_cast<char>(i));
  Dict<int, std::string> dict{stage.node, plain, at(where)};

  CHECK(dict.items() == plain);
  CHECK(dict.keys() == std::vector<int>{65, 66, 67, 68, 69});
  CHECK(dict.values() == std::vector<std::string>{"A", "B", "C", "D", "E"});
  CHECK(dict.size() == 5);
  CHECK_FALSE(dict.empty());
  CHECK(dict.get(66) == "B");
}

TEST_CASE("G11 a dict is changed as a plain one is, and all see it") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Counts counts{stage.node, {{"foo", 5}}, at(where)};
  const auto worker = stage.spawn<Worker>();

  CHECK(worker.ask(Look{counts}).get() == Counts::Items{{"foo", 5}});
  CHECK(counts.get("bar", 6) == 6);
  CHECK_FALSE(counts.contains("bar"));
  CHECK(counts.insert("bar", 7));
  CHECK_FALSE(counts.insert("bar", 8));
  counts.merge({{"bar", 9}, {"baz", 10}});
  CHECK(counts.items() == Counts::Items{{"foo", 5}, {"bar", 9}, {"baz", 10}});
  CHECK(counts.pop("baz") == 10);
  CHECK(counts.erase("bar"));
  CHECK_FALSE(counts.erase("bar"));
  CHECK(counts.compare_exchange("foo", 5, 6));
  CHECK_FALSE(counts.compare_exchange("foo", 5, 7));
  CHECK_FALSE(counts.compare_exchange("none", 0, 1));
  CHECK(counts.find("foo") == 6);
  CHECK_FALSE(counts.find("none").has_value());
  worker.ask(Empty{counts}).get();
  CHECK(counts.size() == 0);
}

TEST_CASE("G07 dicts in a dict are seen by every handle, and outlive the handles") {
  Stage stage{GENERATE(every_place)};
  Dict<std::string, Dict<std::string, int>> rooms{stage.node};
  {
    Counts pets{stage.node};
    Counts supplies{stage.node};
    rooms.set("pets", pets);
    rooms.set("supplies", supplies);
  }

  stage.spawn<Worker>().ask(Furnish{rooms}).get();

  const Counts supplies = rooms.get("supplies");
  CHECK(supplies.items() == Counts::Items{{"blankets", 5}, {"water", 7}});
  CHECK(rooms.get("pets").empty());
  CHECK(rooms.clear() == 2);
  CHECK(rooms.empty());
  CHECK(supplies.get("water") == 7);
}

TEST_CASE("G22 a missing key is an error that says so, and changes nothing") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Counts counts{stage.node, {{"a", 1}}, at(where)};

  CHECK_THROWS_AS(counts.get("x"), NotFound);
  CHECK_THROWS_WITH(counts.get("x"), Catch::Contains("counts"));
  CHECK_THROWS_AS(counts["x"].get(), NotFound);
  CHECK_THROWS_AS(counts["x"] += 1, NotFound);
  CHECK_THROWS_AS(counts.pop("x"), NotFound);
  CHECK_THROWS_AS(counts.update<twice>("x"), NotFound);
  CHECK(error_of(counts.get_async("x")).type == ErrorType::not_found);
  CHECK(counts.items() == Counts::Items{{"a", 1}});
}

TEST_CASE("G23 a dict that has ended says so to every handle") {
  const Where where = GENERATE(every_place);
  Counts counts;
  CHECK_FALSE(counts);
  CHECK_THROWS_AS(counts.get("a"), Misuse);
  {
    Stage stage{where};
    counts = Counts{stage.node, {{"a", 1}}, at(where)};
    Counts destroyed{stage.node, {{"a", 1}}, at(where)};
    CHECK(counts.get("a") == 1);
    destroyed.destroy();
    CHECK_THROWS_AS(destroyed.get("a"), Closed);
    CHECK_THROWS_AS(destroyed.set("a", 1), Closed);
    CHECK_THROWS_AS(destroyed["a"] += 1, Closed);
  }
  CHECK_THROWS_AS(counts.get("a"), Closed);
  CHECK_THROWS_AS(counts.items(), Closed);
}

TEST_CASE("no subtraction of several processes is lost, without a lock") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Counts counts{stage.node, {{"count", 1000}}};
  std::vector<Future<void>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(stage.spawn<Worker>().ask(Take{counts, 100}, 60s));
  for (int i = 0; i < 100; ++i) counts["count"] -= 1;

  for (auto& worker : workers) worker.get();

  CHECK(counts["count"].get() == 600);
  counts["count"] = 5;
  CHECK((counts["count"] += 2) == 7);
  counts["other"] = counts["count"];
  CHECK(counts["other"] == 7);
}

TEST_CASE("R20 what a dict holds is changed in place by a function of the program, run at the owner as one step") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Counts counts{stage.node, {{"a", 3}}, at(where)};
  Dict<int, std::vector<int>> numbers{stage.node, {{1, {}}}, at(where)};
  Dict<int, std::string> names{stage.node, {{1, "x"}}, at(where)};

  CHECK(counts.update<twice>("a") == 6);
  CHECK(counts.update(
            "a", [](int number, int by) { return number + by; }, 4) == 10);
  CHECK(numbers.update<put>(1, 5) == 1);
  CHECK(numbers.update<put>(1, 6) == 2);
  names.update<name_it>(1, "Ada");
  CHECK(numbers.get(1) == std::vector<int>{5, 6});
  CHECK(names.get(1) == "Ada");
  CHECK_THROWS_AS(counts.update<fails>("a"), std::out_of_range);
  CHECK_THROWS_AS(counts.update<fails>("a"), RemoteError);
  CHECK(counts.get("a") == 10);
}

TEST_CASE("a function that the owner's program does not have is refused by its name") {
  Stage stage;
  using detail::Step;
  Step step = detail::StepOf<int, detail::FunctionOf<&twice>>::make();
  step.key.offset += 1;
  Counts counts{stage.node, {{"a", 3}}};
  int value = 3;

  CHECK_THROWS_AS(detail::take_step(value, step), NotFound);
  CHECK_THROWS_WITH(detail::take_step(value, step),
                    Catch::Contains("twice") && Catch::Contains(std::filesystem::read_symlink("/proc/self/exe")));
  CHECK(value == 3);
  const Step right = detail::StepOf<int, detail::FunctionOf<&twice>>::make();
  double other = 3;
  CHECK_THROWS_AS(detail::take_step(other, right), NotFound);
  (void)detail::take_step(value, right);
  CHECK(value == 6);
}

TEST_CASE("several keys are read and set as one step") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Counts counts{stage.node, {{"a", 1}, {"b", 2}}, at(where)};

  counts.set_many({{"b", 3}, {"c", 4}});

  CHECK(counts.get_many({"a", "c", "x"}) == Counts::Items{{"a", 1}, {"c", 4}});
  CHECK(counts.items() == Counts::Items{{"a", 1}, {"b", 3}, {"c", 4}});
  Counts copy{stage.node};
  copy.merge(counts);
  counts.clear();
  CHECK(copy.size() == 3);
}

TEST_CASE("gets and sets that are under way together are done in their order") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Counts counts{stage.node, {}, at(where)};
  std::vector<Future<void>> sets;
  std::vector<Future<int>> gets;
  for (int i = 0; i < 200; ++i) {
    sets.push_back(counts.set_async("k" + std::to_string(i % 10), i));
    gets.push_back(counts.get_async("k" + std::to_string(i % 10)));
  }

  for (int i = 0; i < 200; ++i) CHECK(gets[static_cast<std::size_t>(i)].get() == i);
  for (auto& set : sets) set.get();
  CHECK(stage.spawn<Worker>().ask(Later{counts}).get() == 8);
}
