// troupe: actors in processes. Apache-2.0, see LICENSE.
// Lists that processes share: as a plain list, one step at a time, and with lists and handles in them.
#include "actor/stage.hpp"

#include <string>
#include <variant>
#include <vector>

using namespace troupe;

namespace {

PatternOptions at(Where where) { return {.name = "items", .place = where == Where::here ? here : own_process}; }

/// What can hold itself.
struct Box {
  int number = 0;
  List<Box> boxes;
};
struct Use {
  List<int> list;
};
struct Add {
  List<int> list;
  int times = 0;
};

class Worker : public Actor<Worker, Use, Add> {
 public:
  std::vector<int> on(const Use& use) {
    use.list.sort();
    use.list.reverse();
    const auto index = static_cast<int>(use.list.find(5).value_or(99));
    return {index, static_cast<int>(use.list.count(5)), static_cast<int>(use.list.size()), use.list.items()[0], use.list.pop()};
  }
  void on(const Add& add) {
    for (int i = 0; i < add.times; ++i) {
      add.list[0] += 1;
      add.list.append(i);
    }
  }
};

void put(std::vector<int>& numbers, int number) { numbers.push_back(number); }
int last(std::vector<int>& numbers) {
  const int number = numbers.back();
  numbers.pop_back();
  return number;
}

}  // namespace

TEST_CASE("G01 a list is read and grows as a plain one does") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const std::vector<int> ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  List<int> full{stage.node, ten, at(where)};
  List<int> list{stage.node, {}, at(where)};
  CHECK(full.items() == ten);
  CHECK(full.slice(0) == ten);

  list.extend({0, 1, 2, 3, 4});
  CHECK(list[2] == 2);
  CHECK(list.get(-1) == 4);
  CHECK(list.slice(2, 10) == std::vector<int>{2, 3, 4});
  CHECK(list.slice(-2) == std::vector<int>{3, 4});
  CHECK(list.slice(3, 1).empty());
  list.extend(list);
  CHECK(list.items() == std::vector<int>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4});
  list.extend({5, 6});
  CHECK(list.items() == std::vector<int>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6});
  CHECK(full.items() == ten);
}

TEST_CASE("G02 lists in a list stay what they are: all see what is appended to them") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  List<std::string> a{stage.node, {"x"}, at(where)};
  List<std::string> b{stage.node, {"y", "z"}, at(where)};
  List<List<std::string>> both{stage.node, {a, b}, at(where)};
  CHECK(both.get(0).items() == std::vector<std::string>{"x"});
  CHECK(both.get(1).items() == std::vector<std::string>{"y", "z"});
  List<List<std::string>> outer{stage.node, {a}, at(where)};

  a.append("hello");

  CHECK(outer.get(0).get(-1) == "hello");
  CHECK(both.get(0).size() == 2);
}

TEST_CASE("G04 nested lists are changed one by one, and a list may hold itself") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  List<List<int>> outer{stage.node, {}, at(where)};
  for (int i = 0; i < 3; ++i) outer.append(List<int>{stage.node, {0, 1, 2}, at(where)});

  outer.get(0)[-1] = 55;
  CHECK(outer.get(0).items() == std::vector<int>{0, 1, 55});
  CHECK(outer.get(1).items() == std::vector<int>{0, 1, 2});
  CHECK(outer.get(1).pop() == 2);
  CHECK(outer.get(0).size() == 3);
  CHECK(outer.get(1).size() == 2);
  CHECK(outer.get(2).size() == 3);

  List<Box> boxes{stage.node, {}, at(where)};
  boxes.append(Box{7, boxes});
  CHECK(boxes.size() == 1);
  CHECK(boxes.get(0).boxes.get(0).boxes.get(0).number == 7);
  CHECK(boxes.items()[0].boxes == boxes);
}

TEST_CASE("G08 a plain list in a list is a copy, a shared one is itself") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  using Item = std::variant<std::vector<int>, List<int>>;
  List<int> shared{stage.node, {1}, at(where)};
  List<Item> outer{stage.node, {Item{std::vector<int>{88, 99}}, Item{shared}}, at(where)};

  auto copy = std::get<0>(outer.get(0));
  copy.push_back(100);
  std::get<1>(outer.get(-1)).append(2);

  CHECK(std::get<0>(outer.get(0)) == std::vector<int>{88, 99});
  CHECK(shared.items() == std::vector<int>{1, 2});
}

TEST_CASE("G10 a worker sorts, counts, finds and pops, and all see it") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  List<int> list{stage.node, {5}, at(where)};
  const auto worker = stage.spawn<Worker>();

  CHECK(worker.ask(Use{list}).get() == std::vector<int>{0, 1, 1, 5, 5});
  CHECK(list.size() == 0);
  list.extend({3, 5, 4, 5});
  CHECK(worker.ask(Use{list}).get() == std::vector<int>{0, 2, 4, 5, 3});
  CHECK(list.items() == std::vector<int>{5, 5, 4});
  CHECK_FALSE(list.find(3).has_value());
  list.insert(0, 1);
  list.insert(-1, 2);
  list.insert(99, 3);
  CHECK(list.items() == std::vector<int>{1, 5, 5, 2, 4, 3});
  CHECK(list.pop(0) == 1);
  CHECK(list.erase(-1));
  CHECK_FALSE(list.erase(4));
  CHECK_FALSE(list.erase(-5));
  CHECK(list.erase(1, 3) == 2);
  CHECK(list.items() == std::vector<int>{5, 4});
  list.set(-1, 6);
  CHECK(list.items() == std::vector<int>{5, 6});
  CHECK(list.clear() == 2);
  CHECK(list.empty());
}

TEST_CASE("an item that is not there is an error, and changes nothing") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  List<int> list{stage.node, {1, 2}, at(where)};

  CHECK_THROWS_AS(list.get(2), NotFound);
  CHECK_THROWS_AS(list.get(-3), NotFound);
  CHECK_THROWS_AS(list.get(INT64_MIN), NotFound);
  CHECK_THROWS_AS(list.set(2, 1), NotFound);
  CHECK_THROWS_AS(list[2] += 1, NotFound);
  CHECK_THROWS_AS(list.pop(2), NotFound);
  CHECK_THROWS_AS(list.update(2, [](int item) { return item; }), NotFound);
  CHECK(error_of(list.get_async(5)).type == ErrorType::not_found);
  CHECK(list.items() == std::vector<int>{1, 2});
  list.clear();
  CHECK_THROWS_AS(list.pop(), NotFound);
  CHECK_THROWS_AS(List<int>{}.size(), Misuse);
  list.destroy();
  CHECK_THROWS_AS(list.size(), Closed);
}

TEST_CASE("what several processes add to a list and its items is all there") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  List<int> list{stage.node, {0}};
  std::vector<Future<void>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(stage.spawn<Worker>().ask(Add{list, 50}, 60s));

  for (auto& worker : workers) worker.get();

  CHECK(list.get(0) == 150);
  CHECK(list.size() == 151);
  CHECK(list.count(49) == 3);
}

TEST_CASE("an item is changed in place by a function of the program") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  List<std::vector<int>> list{stage.node, {{}, {1}}, at(where)};
  List<bool> flags{stage.node, {true, false}, at(where)};

  list.update<put>(0, 3);
  list.update<put>(-1, 4);

  CHECK(list.items() == std::vector<std::vector<int>>{{3}, {1, 4}});
  CHECK(list.update<last>(1) == 4);
  CHECK(list.get(1) == std::vector<int>{1});
  CHECK(flags.update(0, [](bool flag) { return !flag; }) == false);
  CHECK(flags.items() == std::vector<bool>{false, false});
}
