// troupe: actors in processes. Apache-2.0, see LICENSE.
// Objects of the user's own in a process of their own, and the same program over every way between processes.
#include "actor/stage.hpp"

#include <signal.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace troupe;

namespace {

constexpr auto soon = 20s;

struct NextSquare {};
class Squares : public Actor<Squares, NextSquare> {
 public:
  Squares(int count, Queue<int> made) : count_{count} { made.put(::getpid()); }
  std::optional<int> on(const NextSquare&) {
    if (next_ == count_) return std::nullopt;
    const int i = next_++;
    return i * i;
  }

 private:
  const int count_;
  int next_ = 0;
};

struct Count {
  Queue<std::string> words;
  Dict<std::string, int> counts;
};
class Counter : public Actor<Counter, Count> {
 public:
  int on(Count count) {
    int sum = 0;
    for (const std::string& word : count.words) {
      count.counts[word] += 1;
      ++sum;
    }
    return sum;
  }
};

/// Two actors at work on one queue and one dict.
std::map<std::string, int> count_words(Node& node, const Ref<Counter>& one, const Ref<Counter>& other) {
  Queue<std::string> words{node, {.capacity = 10}};
  Dict<std::string, int> counts{node, {{"a", 0}, {"b", 0}, {"c", 0}}};
  auto first = one.ask(Count{words, counts}, 60s);
  auto second = other.ask(Count{words, counts}, 60s);
  for (int i = 0; i < 300; ++i) words.put(i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c");
  words.close();
  CHECK(first.get() + second.get() == 300);
  std::map<std::string, int> all;
  for (const auto& [word, count] : counts.items()) all[word] = count;
  return all;
}

}  // namespace

TEST_CASE("G16 an object in another process gives one value after the other, until there is none") {
  Stage stage{GENERATE(every_place)};
  Queue<int> made{stage.node};
  const auto squares = stage.spawn<Squares>(10, made);

  std::vector<int> all;
  while (const auto square = squares.ask(NextSquare{}).get()) all.push_back(*square);

  CHECK(all == std::vector<int>{0, 1, 4, 9, 16, 25, 36, 49, 64, 81});
}

TEST_CASE("G20 the constructor of an object runs once, in its process, with the arguments that it was given") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> made{stage.node};

  const auto squares = stage.spawn<Squares>(2, made);

  CHECK(made.get(soon) != ::getpid());
  CHECK(squares.ask(NextSquare{}).get() == 0);
  CHECK(made.empty());
}

namespace {

struct Ends {};
class Watcher : public Actor<Watcher, Down, Ends> {
 public:
  explicit Watcher(const Ref<Squares>& watched) { watch(watched); }
  void on(const Down& down) { ends_.push_back(down.reason); }
  std::vector<Exit> on(const Ends&) const { return ends_; }

 private:
  std::vector<Exit> ends_;
};

}  // namespace

TEST_CASE("G17 the process of an object ends in order when that is stopped, and with its node") {
  Stage outside;
  Queue<int> made{outside.node};
  Ref<Squares> last;
  {
    Stage stage{Where::ipc};
    const auto stopped = stage.spawn<Squares>(1, made);
    const int pid = made.get(soon);
    const auto watcher = stage.node.spawn<Watcher>(stopped);

    stopped.stop();

    REQUIRE(eventually([&] { return !watcher.ask(Ends{}).get().empty(); }));
    CHECK(watcher.ask(Ends{}).get() == std::vector<Exit>{Exit::normal});
    CHECK(eventually([&] { return ::kill(pid, 0) != 0; }));
    last = stage.spawn<Squares>(1, made);
    CHECK(last.ask(NextSquare{}).get() == 0);
  }
  CHECK(::kill(made.get(soon), 0) != 0);
  CHECK_THROWS_AS(last.ask(NextSquare{}).get(), Closed);
}

TEST_CASE("R26 a queue and a dict do the same here, over ipc, over tcp and between nodes of one process") {
  const std::map<std::string, int> right{{"a", 100}, {"b", 100}, {"c", 100}};
  SECTION("in place") {
    Stage stage{GENERATE(every_place)};
    CHECK(count_words(stage.node, stage.spawn<Counter>(), stage.spawn<Counter>()) == right);
  }
  SECTION("inproc") {
    Stage stage;
    Stage other;
    CHECK(count_words(stage.node, other.spawn<Counter>(), other.spawn<Counter>()) == right);
  }
}
