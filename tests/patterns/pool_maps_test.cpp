// troupe: actors in processes. Apache-2.0, see LICENSE.
// Maps of a pool: in order, as they come, over tuples, over what has no end; and as futures.
#include "patterns/pools.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace troupe;

namespace {

int parse(const std::string& text) {
  if (text.find_first_not_of("0123456789") != std::string::npos) throw std::invalid_argument{"not a number: " + text};
  return std::stoi(text);
}
int add(int a, int b) { return a + b; }
int power(int base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }
int wait_if(int wait, const Event& gate) {
  if (wait != 0) gate.wait();
  return wait;
}

/// Numbers from 0 that end, or fail, at some point; such as can be read once.
class Source {
 public:
  static constexpr int never = 1 << 30;
  Source(int fails_at, int ends_at) : fails_at_{fails_at}, ends_at_{ends_at} {}

  class Iterator {
   public:
    explicit Iterator(Source* source) : source_{source} {}
    Iterator(Iterator&&) = default;
    Iterator& operator=(Iterator&&) = default;
    int operator*() const { return source_->at_; }
    Iterator& operator++() {
      ++source_->at_;
      source_->check();
      return *this;
    }
    bool operator!=(std::nullptr_t) const { return source_->at_ < source_->ends_at_; }

   private:
    Source* source_;
  };
  Iterator begin() {
    check();
    return Iterator{this};
  }
  [[nodiscard]] std::nullptr_t end() const { return nullptr; }
  [[nodiscard]] int read() const { return at_; }

 private:
  void check() const {
    if (at_ == fails_at_) throw std::domain_error{"the source failed"};
  }

  const int fails_at_;
  const int ends_at_;
  int at_ = 0;
};

template <class Results>
std::vector<int> all_of(Results results) {
  std::vector<int> all;
  for (const int each : results) all.push_back(each);
  return all;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("O02 F02 map keeps the order, whatever the chunks") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(pool.map<square>(numbers_to(10)) == squares_to(10));
  for (const int chunk : {1, 3, 6, 20, 40, 50}) CHECK(pool.with({.chunk = chunk}).map<square>(numbers_to(40)) == squares_to(40));
  CHECK(pool.with({.chunk = 20}).map<square>(numbers_to(100)) == squares_to(100));
  CHECK_THROWS_AS(pool.with({.chunk = -1}).map<square>(numbers_to(3)), Misuse);
  CHECK_THROWS_AS(pool.with({.chunk = 0}).map<square>(numbers_to(3)), Misuse);
}

TEST_CASE("map takes whatever has begin and end, and binds what follows it") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  const std::list<int> list{3, 1, 2};
  const int array[]{1, 2};

  CHECK(pool.map<square>(list) == std::vector{9, 1, 4});
  CHECK(pool.map<square>(array) == std::vector{1, 4});
  CHECK(pool.map<square>(Source{-1, 5}) == squares_to(5));
  CHECK(pool.map<power>(numbers_to(4), 3) == std::vector{0, 1, 8, 27});
  CHECK(pool.map([](int n, const std::string& text) { return text + std::to_string(n); }, list, "no ") ==
        std::vector<std::string>{"no 3", "no 1", "no 2"});
  CHECK(pool.map([](bool b) { return !b; }, std::vector<bool>{true, false}) == std::vector<bool>{false, true});
  CHECK(pool.map([](const std::pair<int, std::string>& each) { return each.first; }, std::map<int, std::string>{{1, "a"}, {2, "b"}}) ==
        std::vector{1, 2});
}

TEST_CASE("map of a function that returns nothing waits for all") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Value<int> sum{stage.node, 0};

  const auto done = pool.map([](int n, const Value<int>& value) { value += n; }, numbers_to(101), sum);

  CHECK(done.size() == 101);
  CHECK(sum.get() == 5050);
}

TEST_CASE("starmap takes the elements of tuples and pairs as arguments") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(pool.starmap<add>(std::vector<std::tuple<int, int>>{{1, 2}, {3, 4}}) == std::vector{3, 7});
  CHECK(pool.starmap<power>(std::vector<std::pair<int, int>>{{2, 3}, {3, 2}}) == std::vector{8, 9});
  CHECK(pool.starmap([](int a, int b, int c) { return a * b + c; }, std::map<int, int>{{2, 3}, {4, 5}}, 1) == std::vector{7, 21});
  CHECK(pool.starmap_async<add>(std::vector<std::pair<int, int>>{{1, 2}}).get() == std::vector{3});
}

TEST_CASE("O04 map_async brings as a future what map returns") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(pool.map_async<square>(numbers_to(10)).get() == squares_to(10));
}

TEST_CASE("O05 the callback of map_async has run once when the wait returns, with the values or the error") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  std::atomic<int> values{0};
  std::atomic<int> errors{0};
  const auto count = [&](const Result<std::vector<int>>& result) {
    if (result && *result == std::vector{1}) ++values;
    if (!result && result.error().standard == StandardKind::invalid_argument) ++errors;
  };

  Event gate{stage.node};
  const auto parse_later = [](const std::string& text, const Event& event) {
    event.wait();
    return parse(text);
  };

  auto good = pool.map_async(parse_later, std::vector<std::string>{"1"}, gate);
  good.then(count);
  gate.set();
  good.wait();
  CHECK((values == 1 && errors == 0));
  gate.clear();
  auto bad = pool.map_async(parse_later, std::vector<std::string>{"a"}, gate);
  bad.then(count);
  gate.set();
  bad.wait();
  CHECK((values == 1 && errors == 1));
}

TEST_CASE("O40 a map of which several items fail has one error") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  std::atomic<int> calls{0};
  auto future = pool.map_async<parse>(std::vector<std::string>{"1", "a", "b", "2", "c"});
  future.then([&](const Result<std::vector<int>>& result) { calls += result ? 100 : 1; });

  CHECK_THROWS_AS(future.get(), std::invalid_argument);
  CHECK(pool.map<square>(numbers_to(5)) == squares_to(5));
  CHECK(eventually([&] { return calls == 1; }));
}

TEST_CASE("O07 O17 a map of nothing is nothing at once") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  const std::vector<int> none;

  CHECK(pool.map<square>(none).empty());
  CHECK(pool.with({.chunk = 1}).map_async<square>(none).get(100ms).empty());
  CHECK_FALSE(pool.imap<square>(none).next());
  CHECK_FALSE(pool.imap_unordered<square>(none).next());
  CHECK(pool.starmap<add>(std::vector<std::pair<int, int>>{}).empty());
}

TEST_CASE("O08 an error of the input is thrown as it is, and the pool goes on") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  for (const int fails_at : {0, 3, 0, 3}) {
    CHECK_THROWS_AS(pool.map<square>(Source{fails_at, Source::never}), std::domain_error);
    try {
      (void)pool.map_async<square>(Source{fails_at, Source::never});
      FAIL("no exception");
    } catch (const std::exception& error) {
      CHECK(dynamic_cast<const Error*>(&error) == nullptr);
    }
  }
  CHECK(pool.map<square>(numbers_to(10)) == squares_to(10));
}

TEST_CASE("O11 imap brings the results in order, and then that there are no more") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(all_of(pool.imap<square>(numbers_to(10))) == squares_to(10));
  auto results = pool.imap<square>(numbers_to(10));
  for (int n = 0; n < 10; ++n) CHECK(results.next() == n * n);
  CHECK_FALSE(results.next());
  CHECK_FALSE(results.next());
  CHECK(all_of(pool.with({.chunk = 100}).imap<square>(numbers_to(1000))) == squares_to(1000));
}

TEST_CASE("O13 imap_unordered brings the same results in any order") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  CHECK(sorted(all_of(pool.imap_unordered<square>(numbers_to(10)))) == squares_to(10));
  CHECK(sorted(all_of(pool.with({.chunk = 100}).imap_unordered<square>(numbers_to(1000)))) == squares_to(1000));
}

TEST_CASE("O14 imap brings what came before its input failed, then the error, then the end") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};

  for (const int fails_at : {0, 3, 7}) {
    Source source{fails_at, Source::never};
    auto results = pool.imap_unordered<square>(source);
    std::vector<int> got;
    for (int i = 0; i < fails_at; ++i) got.push_back(results.next().value());
    CHECK(sorted(got) == squares_to(fails_at));
    CHECK_THROWS_AS(results.next(), std::domain_error);
    CHECK_FALSE(results.next());
  }
}

TEST_CASE("imap reads an endless input no further ahead than its window") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Source source{-1, Source::never};
  auto results = pool.with({.window = 20}).imap<square>(source);
  for (int n = 0; n < 1000; ++n) REQUIRE(results.next() == n * n);

  CHECK(source.read() < 1000 + 21);
}

TEST_CASE("an error of one item takes its place in imap, and the others follow") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  auto results = pool.imap<parse>(std::vector<std::string>{"1", "x", "3"});

  CHECK(results.next() == 1);
  CHECK_THROWS_AS(results.next(), std::invalid_argument);
  CHECK(results.next() == 3);
  CHECK_FALSE(results.next());
}

TEST_CASE("F04 a map with a patience brings what is done by then, and ends as Timeout") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event gate{stage.node};
  auto results = pool.with({.patience = 300ms}).imap<wait_if>(std::vector{0, 0, 1}, gate);

  CHECK(results.next() == 0);
  CHECK(results.next() == 0);
  CHECK_THROWS_AS(results.next(), Timeout);
  CHECK_THROWS_AS(pool.with({.patience = 50ms}).map<wait_if>(std::vector{0, 1}, gate), Timeout);
  gate.set();
  CHECK(pool.apply<square>(2) == 4);
}

TEST_CASE("a task whose patience is over before it begins never does") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1}};
  Event begun{stage.node};
  Event gate{stage.node};
  Value<int> calls{stage.node, 0};
  auto first = pool.apply_async<wait_for_gate>(begun, gate, 1);
  begun.wait();
  auto late = pool.with({.patience = 20ms}).apply_async([](const Value<int>& value) { value += 1; }, calls);

  CHECK_THROWS_AS(late.get(), Timeout);
  gate.set();
  CHECK(first.get() == 1);
  CHECK(pool.apply<square>(2) == 4);
  CHECK(calls.get() == 0);
}

TEST_CASE("who submits waits while as many tasks wait as the pool may hold") {
  Stage stage;
  Pool pool{stage.node, {.workers = 1, .max_pending = 10}};
  Event begun{stage.node};
  Event gate{stage.node};
  auto first = pool.apply_async<wait_for_gate>(begun, gate, 1);
  begun.wait();
  std::vector<Future<int>> futures;
  const auto fill = [&] {
    for (int n = 0; n < 50; ++n) futures.push_back(pool.with({.patience = 20ms}).apply_async<square>(n));
  };

  CHECK_THROWS_AS(fill(), Full);
  CHECK(futures.size() >= 10);
  CHECK(futures.size() < 20);
  auto all = std::async(std::launch::async, [&] { return pool.map<square>(numbers_to(1000)); });
  gate.set();
  CHECK(all.get() == squares_to(1000));
}

TEST_CASE("one task that takes long keeps nobody from the results and tasks beside it") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event gate{stage.node};
  (void)pool.map<square>(numbers_to(5000));  // by now it knows that tasks are fast, and sends many together
  const auto maybe_wait = [](int n, const Event& event) {
    if (n == 100) event.wait();
    return n;
  };
  for (int n = 0; n < 5; ++n) (void)pool.map(maybe_wait, numbers_to(100), gate);
  auto results = pool.with({.window = 5000}).imap_unordered(maybe_wait, numbers_to(5000), gate);

  std::set<int> seen;
  for (int i = 0; i < 4999; ++i) seen.insert(results.next(20s).value());
  CHECK(seen.count(100) == 0);
  gate.set();
  CHECK(results.next() == 100);
}

TEST_CASE("progress says how many of the tasks are done, how fast and for how long still") {
  Stage stage;
  Pool pool{stage.node, {.workers = 2}};
  Event gate{stage.node};
  auto future = pool.map_async<wait_if>(std::vector{0, 0, 0, 1}, gate);

  CHECK(eventually([&] { return pool.progress().done == 3; }));
  const Progress progress = pool.progress();
  CHECK(progress.total == 4);
  CHECK(progress.rate() > 0);
  CHECK(progress.time_left().value() > 0s);
  gate.set();
  future.wait();
  CHECK(eventually([&] { return pool.progress().done == 4; }));
}

TEST_CASE("a line of progress shows a bar, counts, rate and time, and fits the terminal") {
  CHECK(progress_line({.done = 120, .total = 240, .elapsed = 2s}, "render", 120) ==
        "render [###############...............] 50 % 120/240, 60/s, 2 s left");
  CHECK(progress_line({.done = 0, .total = 10, .elapsed = 1s}, "", 120) == "[..............................] 0 % 0/10");
  CHECK(progress_line({.done = 1, .total = 1001, .elapsed = 4s}, "", 120) ==
        "[..............................] 0 % 1/1001, 0.2/s, 1:06 h left");
  CHECK(progress_line({.done = 120, .total = 240, .elapsed = 2s}, "render", 20).size() == 20);
}
