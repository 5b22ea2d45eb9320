// troupe: actors in processes. Apache-2.0, see LICENSE.
// Arrays that processes share: elements one by one, all at once, and several steps as one.
#include "patterns/reach.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

using namespace troupe;

namespace {

struct Point {
  int x = 0;
  int y = 0;
  bool operator==(const Point&) const = default;
};
struct Double {
  Value<int> i;
  Value<double> d;
  Value<std::int64_t> l;
  Value<Point> p;
  Array<double> array;
  Array<char> text;
  bool locked = false;
};
struct Write {
  Array<char> text;
  std::string what;
};
struct Read {
  Array<int> array;
};
struct Negate {
  Array<int> array;
  int times = 0;
};

class Worker : public Actor<Worker, Double, Write, Read, Negate> {
 public:
  void on(Double all) {
    std::optional<ArrayLock> lock;
    if (all.locked) lock.emplace(all.array.lock());
    all.i = all.i.get() * 2;
    all.d = all.d.get() * 2;
    all.l = all.l.get() * 2;
    all.p.update([](Point point) { return Point{point.x * 2, point.y * 2}; });
    for (auto&& element : all.array) element = element * 2;
    const std::size_t size = std::char_traits<char>::length(all.text.get().data());
    for (std::size_t i = 0; i < size; ++i) all.text[size + i] = all.text[i];
  }
  void on(const Write& write) {
    for (std::size_t i = 0; i < write.what.size(); ++i) write.text[i] = write.what[i];
  }
  std::vector<int> on(const Read& read) { return read.array.get(); }
  void on(const Negate& negate) {
    for (int i = 0; i < negate.times; ++i) {
      auto lock = negate.array.lock();
      for (auto&& element : negate.array) element = -element;
    }
  }
};

}  // namespace

TEST_CASE("V04 a new array is zeros, whatever lay there before") {
  Stage stage{Where::here, by(GENERATE(both_ways))};
  for (int i = 0; i < 3; ++i) {
    Array<int> array{stage.node, 10};
    CHECK(array.size() == 10);
    CHECK(array.get() == std::vector<int>(10, 0));
    array.fill(7);
    CHECK(array.get() == std::vector<int>(10, 7));
    array.destroy();
  }
}

TEST_CASE("V05 a child doubles values, structs, numbers and text") {
  Stage stage{GENERATE(other_processes), by(GENERATE(both_ways))};
  Double all{Value<int>{stage.node, 7},
             Value<double>{stage.node, 1.0 / 3},
             Value<std::int64_t>{stage.node, std::int64_t{1} << 33U},
             Value<Point>{stage.node, Point{3, 2}},
             Array<double>{stage.node, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
             Array<char>{stage.node, 20},
             GENERATE(false, true)};
  for (std::size_t i = 0; i < 5; ++i) all.text[i] = "hello"[i];

  stage.spawn<Worker>().ask(all).get();

  CHECK(all.i.get() == 14);
  CHECK(all.d.get() == 2.0 / 3);
  CHECK(all.l.get() == std::int64_t{1} << 34U);
  CHECK(all.p.get() == Point{6, 4});
  CHECK(all.array.get() == std::vector<double>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(std::string{all.text.get().data()} == "hellohello");
}

TEST_CASE("V10 an array without elements, or with fewer, is refused") {
  Stage stage{Where::here, by(GENERATE(both_ways))};
  CHECK_THROWS_AS((Array<int>{stage.node, std::size_t{0}}), Misuse);
  for (const int size : {-1, -2}) CHECK_THROWS_AS((Array<int>{stage.node, static_cast<std::size_t>(size)}), Misuse);
  CHECK_THROWS_AS((Array<int>{stage.node, std::vector<int>{}}), Misuse);
  CHECK_THROWS_AS(Array<int>{}.size(), Misuse);
  CHECK_THROWS_AS(Array<int>{}[0], Misuse);
  CHECK_THROWS_AS(Array<int>{}.fill(1), Misuse);
}

TEST_CASE("V11 a child writes by the handle that it was sent, and all see it") {
  Stage stage{GENERATE(other_processes), by(GENERATE(both_ways))};
  Array<char> text{stage.node, 5};
  const auto child = stage.spawn<Worker>();
  const auto read = [&] {
    const auto all = text.get();
    return std::string{all.begin(), all.end()};
  };

  child.ask(Write{text, "howdy"}).get();
  CHECK(read() == "howdy");
  child.ask(Write{text, "HELLO"}).get();
  CHECK(read() == "HELLO");
}

TEST_CASE("G14 a child reads an array as its maker does") {
  Stage stage{GENERATE(every_place), by(GENERATE(both_ways))};
  const Array<int> array{stage.node, {0, 1}};

  CHECK(stage.spawn<Worker>().ask(Read{array}).get() == array.get());
}

TEST_CASE("an element is read and changed as a number is") {
  Stage stage{Where::here, by(GENERATE(both_ways))};
  Array<int> array{stage.node, {1, 2, 3}};

  array[0] = 10;
  CHECK((array[1] += 5) == 7);
  CHECK((array[1] -= 1) == 6);
  CHECK(++array[2] == 4);
  CHECK(array[2]-- == 4);
  array[2] = array[0];
  CHECK(array[2].exchange(11) == 10);
  CHECK(array[2].compare_exchange(11, 12));
  CHECK(array.update(
            2, [](int element, int by) { return element * by; }, 2) == 24);
  for (auto&& element : array) element = -element;

  CHECK(array.get() == std::vector<int>{-10, -6, -24});
  CHECK(array[1] == -6);
}

TEST_CASE("there is no element beyond the last") {
  Stage stage{Where::here, by(GENERATE(both_ways))};
  const Array<int> array{stage.node, {1, 2, 3}};

  CHECK_THROWS_AS(array[3], Misuse);
  CHECK_THROWS_AS(array[static_cast<std::size_t>(-1)], Misuse);
  CHECK_THROWS_AS(array.update(3, [](int element) { return element; }), Misuse);
}

TEST_CASE("arrays of flags and of text hold what they are given") {
  Stage stage{GENERATE(every_place), by(GENERATE(both_ways))};
  Array<bool> flags{stage.node, {true, false, true}};
  Array<std::string> texts{stage.node, {"a", "b"}};

  flags[1] = true;
  texts[1] += "c";

  CHECK(flags.get() == std::vector<bool>{true, true, true});
  CHECK(texts.get() == std::vector<std::string>{"a", "bc"});
}

TEST_CASE("several steps under a lock are one for all others") {
  Stage stage{Where::ipc, by(GENERATE(both_ways))};
  Array<int> array{stage.node, {1, 1, 1, 1}};
  auto one = stage.spawn<Worker>().ask(Negate{array, 50}, 50s);
  auto other = stage.spawn<Worker>().ask(Negate{array, 51}, 50s);

  while (!one.ready() || !other.ready()) {
    const auto all = array.get();
    REQUIRE(std::count(all.begin(), all.end(), all[0]) == 4);
  }

  one.get();
  other.get();
  CHECK(array.get() == std::vector<int>(4, -1));
}
