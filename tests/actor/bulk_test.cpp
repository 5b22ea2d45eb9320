// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages that travel in parts: whole, in their place, and in nobody's way.
#include "stage.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using namespace troupe;

std::vector<std::uint32_t> numbers(std::size_t bytes) {
  std::vector<std::uint32_t> made(bytes / sizeof(std::uint32_t));
  std::iota(made.begin(), made.end(), 7U);
  return made;
}

struct Load {
  std::vector<std::uint32_t> numbers;
};
struct Mark {
  int number = 0;
};
struct Seen {};
struct Echo {
  std::vector<std::uint32_t> numbers;
};
std::atomic<int> loads_handled{0};

// Notes what came, in order: sizes of loads, numbers of marks as negative ones.
class Sink : public Actor<Sink, Load, Mark, Seen, Echo> {
 public:
  void on(const Load& load) {
    ++loads_handled;
    seen_.push_back(load.numbers == numbers(load.numbers.size() * sizeof(std::uint32_t)) ? static_cast<long>(load.numbers.size()) : 0);
  }
  void on(const Mark& mark) { seen_.push_back(-mark.number); }
  std::vector<long> on(const Seen&) { return seen_; }
  std::vector<std::uint32_t> on(const Echo& echo) { return echo.numbers; }

 private:
  std::vector<long> seen_;
};

struct MakeSink {};
struct LoadsHandled {};
struct Identify {};
// In the same process as a sink.
class Neighbour : public Actor<Neighbour, MakeSink, LoadsHandled, Identify> {
 public:
  Ref<Sink> on(const MakeSink&) { return spawn<Sink>(); }
  int on(const LoadsHandled&) { return loads_handled.load(); }
  int on(const Identify&) { return ::getpid(); }
};

struct Send {
  Ref<Sink> to;
  std::vector<std::size_t> sizes;
};
class Sender : public Actor<Sender, Send> {
 public:
  void on(const Send& send) {
    int number = 0;
    for (const std::size_t size : send.sizes) {
      send.to.tell(Load{numbers(size)});
      send.to.tell(Mark{++number});
    }
  }
};

TEST_CASE("a message of any size arrives whole, there and back") {
  Stage stage{GENERATE(every_place)};
  const auto sink = stage.spawn<Sink>();

  for (const std::size_t bytes : {16'000U, 65'536U, 1'000'000U, 1'113'980U, 1'114'112U, 1'200'000U, 20'000'000U}) {
    INFO(bytes << " bytes");
    const auto sent = numbers(bytes);
    CHECK(sink.ask(Echo{sent}).get() == sent);
  }
}

TEST_CASE("what the same sender tells the same actor keeps its place behind a large message") {
  Stage stage{GENERATE(every_place)};
  const auto sink = stage.spawn<Sink>();

  for (int i = 1; i <= 5; ++i) {
    sink.tell(Mark{10 * i});
    sink.tell(Load{numbers(3'000'000)});
    sink.tell(Mark{10 * i + 1});
  }

  std::vector<long> expected;
  for (int i = 1; i <= 5; ++i) expected.insert(expected.end(), {-10 * i, 750'000, -10 * i - 1});
  CHECK(sink.ask(Seen{}).get() == expected);
}

TEST_CASE("a handler's large messages keep their place too, and more of them than a session holds at once") {
  Stage stage{GENERATE(other_processes)};
  const auto sink = stage.spawn<Sink>();
  const auto sender = stage.node.spawn<Sender>();

  sender.tell(Send{sink, std::vector<std::size_t>(20, 2'000'000)});

  std::vector<long> expected;
  for (int i = 1; i <= 20; ++i) expected.insert(expected.end(), {500'000, -i});
  CHECK(eventually([&] { return sink.ask(Seen{}).get() == expected; }));
}

TEST_CASE("stop stands behind a large message") {
  Stage stage{GENERATE(other_processes)};
  const auto here = stage.node.spawn<Sink>();
  const auto neighbour = stage.spawn<Neighbour>();
  const auto sink = neighbour.ask(MakeSink{}).get();

  sink.tell(Load{numbers(10'000'000)});
  sink.stop();

  CHECK(eventually([&] { return neighbour.ask(LoadsHandled{}).get() == 1; }));
  CHECK_THROWS_AS(sink.ask(Seen{}).get(), Closed);
}

TEST_CASE("an ask to the same process is answered while a large message passes") {
  NodeOptions options;
  options.max_message_bytes = 1 << 30;
  Stage stage{GENERATE(other_processes), options};
  const auto neighbour = stage.spawn<Neighbour>();
  const auto sink = neighbour.ask(MakeSink{}).get();

  sink.tell(Load{numbers(256 << 20)});
  const int handled = neighbour.ask(LoadsHandled{}).get();

  CHECK(handled == 0);
  CHECK(sink.ask(Seen{}).get() == std::vector<long>{64 << 20});
}

TEST_CASE("a message above the limit is refused where it is sent, and those around it pass") {
  NodeOptions options;
  options.max_message_bytes = 1'000'000;
  Stage stage{GENERATE(other_processes), options};
  const auto sink = stage.spawn<Sink>();

  sink.tell(Load{numbers(999'000)});
  CHECK_THROWS_AS(sink.tell(Load{numbers(1'000'004)}), Malformed);
  sink.tell(Mark{1});

  CHECK(sink.ask(Seen{}).get() == std::vector<long>{249'750, -1});
}

TEST_CASE("what was told to a process that is killed, and not acknowledged, is counted and named at the sender") {
  Stage stage{GENERATE(other_processes)};
  const auto neighbour = stage.spawn<Neighbour>();
  const auto sink = neighbour.ask(MakeSink{}).get();
  const int pid = neighbour.ask(Identify{}).get();
  ::kill(pid, SIGSTOP);

  for (int i = 0; i < 10; ++i) sink.tell(Mark{i});
  sink.tell(Load{numbers(2'000'000)});
  ::kill(pid, SIGKILL);

  CHECK(eventually([&] { return stage.node.dead_letters(Errc::died) == 11; }));
}

}  // namespace
