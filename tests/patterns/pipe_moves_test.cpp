// troupe: actors in processes. Apache-2.0, see LICENSE.
// Ends of pipes that move between processes, and what is heard of those whose process dies.
#include "patterns/pipes.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <vector>

using troupe::Connection;
using troupe::EndOfStream;
using troupe::pipe;
using troupe::Process;
using troupe::Queue;

TEST_CASE("the end of the stream says whether the other end was closed, or its process killed") {
  Stage stage{GENERATE(other_processes)};
  auto [closed, closer] = pipe<int>(stage.node);
  auto [killed, killer] = pipe<int>(stage.node);
  auto [left, leaver] = pipe<int>(stage.node);
  stage.node.start([](Connection<int> conn) { conn.send(1); }, std::move(closer)).join();
  const auto die = [](Connection<int> conn, int signal) {
    conn.send(2);
    conn.recv();
    if (signal != 0) ::kill(::getpid(), signal);
    std::_Exit(3);
  };
  const Process dies = stage.node.start(die, std::move(killer), SIGKILL);
  const Process leaves = stage.node.start(die, std::move(leaver), 0);

  CHECK(closed.recv(soon) == 1);
  CHECK(cause_of_end(closed) == nullptr);
  CHECK_FALSE(closed.next());

  CHECK(killed.recv(soon) == 2);
  killed.send(1);
  const auto cause = cause_of_end(killed);
  REQUIRE(cause != nullptr);
  CHECK(cause->signal == SIGKILL);
  CHECK_THROWS_AS(killed.next(), EndOfStream);

  CHECK(left.recv(soon) == 2);
  left.send(1);
  const auto other = cause_of_end(left);
  REQUIRE(other != nullptr);
  CHECK(other->exit_code == 3);
}

TEST_CASE("a process that is left by exit or by an exception has closed its ends") {
  Stage stage;
  auto [here, there] = pipe<int>(stage.node);
  auto [mine, theirs] = pipe<int>(stage.node);
  stage.node
      .start(
          [](Connection<int> conn) {
            conn.send(1);
            std::exit(0);
          },
          std::move(there))
      .join();
  stage.node
      .start(
          {.output = troupe::Output::discarded},
          [](Connection<int> conn) {
            conn.send(2);
            throw std::runtime_error{"that was it"};
          },
          std::move(theirs))
      .join();

  CHECK(here.recv(soon) == 1);
  CHECK_FALSE(here.next());
  CHECK(mine.recv(soon) == 2);
  CHECK_FALSE(mine.next());
}

// --- Moves --------------------------------------------------------------------------------------------------------------

namespace {

struct Take {
  Connection<int> conn;
};
struct GiveBack {};
class Keeper : public troupe::Actor<Keeper, Take, GiveBack> {
 public:
  void on(Take take) { conn_ = std::move(take.conn); }
  Connection<int> on(const GiveBack&) { return std::move(conn_); }

 private:
  Connection<int> conn_;
};

}  // namespace

TEST_CASE("an end moves to an actor and back, with what was sent before and after") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  auto [here, there] = pipe<int>(stage.node);
  const auto keeper = stage.spawn<Keeper>();

  there.send(1);
  here.send(10);
  here.send(20);
  CHECK(there.poll(soon));  // holds the first
  keeper.tell(Take{std::move(there)});
  here.send(30);
  auto back = keeper.ask(GiveBack{}).get();
  back.send(2);

  CHECK(here.recv(soon) == 1);
  CHECK(here.recv(soon) == 2);
  for (const int each : {10, 20, 30}) CHECK(back.recv(soon) == each);
}

TEST_CASE("an end that moves on and on loses nothing and keeps the order") {
  Stage stage{GENERATE(other_processes)};
  constexpr int stations = 6;
  constexpr int each = 50;
  auto [here, there] = pipe<int>(stage.node);
  std::vector<troupe::Ref<Keeper>> keepers;
  for (int i = 0; i < 2; ++i) keepers.push_back(stage.spawn<Keeper>());
  Connection<int> end = std::move(there);

  for (int station = 0; station < stations; ++station) {
    for (int i = 0; i < each; ++i) end.send(station * each + i);
    const auto& keeper = keepers[static_cast<std::size_t>(station % 2)];
    keeper.tell(Take{std::move(end)});
    end = keeper.ask(GiveBack{}).get();
  }
  end.close();

  std::vector<int> all;
  while (auto item = here.next()) all.push_back(*item);
  std::vector<int> expected(stations * each);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(all == expected);
}

TEST_CASE("an end that was sent away is empty here, and cannot be sent again") {
  Stage stage{Where::ipc};
  auto [here, there] = pipe<int>(stage.node);
  const auto keeper = stage.spawn<Keeper>();
  Take take{std::move(there)};

  keeper.tell(std::move(take));

  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK_FALSE(there);
  CHECK_THROWS_AS(take.conn.send(1), troupe::Misuse);
  CHECK_THROWS_AS(keeper.tell(std::move(take)), troupe::Misuse);
  // NOLINTEND(bugprone-use-after-move)
  CHECK_THROWS_AS(Connection<int>{}.recv(), troupe::Misuse);
}

TEST_CASE("an end in a message to an actor that has ended is closed, with a cause") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<int>(stage.node);
  const auto keeper = stage.spawn<Keeper>();
  keeper.stop();

  keeper.tell(Take{std::move(there)});

  CHECK(cause_of_end(here) != nullptr);
}

namespace {

class Busy : public troupe::Actor<Busy, Queue<int>, Take> {
 public:
  void on(Queue<int> started) {
    started.put(::getpid());
    ::pause();
  }
  void on(const Take&) {}
};

}  // namespace

TEST_CASE("an end in a message that waits for its handler is closed when the process of that is killed") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<int>(stage.node);
  Queue<int> started{stage.node};
  const auto busy = stage.spawn<Busy>();
  busy.tell(started);
  const int pid = started.get(soon);

  busy.tell(Take{std::move(there)});
  ::kill(pid, SIGKILL);

  CHECK(cause_of_end(here) != nullptr);
}

TEST_CASE("an end that nobody takes in time is closed, with a cause") {
  Stage stage{GENERATE(other_processes)};
  auto [here, there] = pipe<int>(stage.node, {.claim_within = 50ms});
  Queue<int> started{stage.node};
  const auto busy = stage.spawn<Busy>();
  busy.tell(started);
  const int pid = started.get(soon);

  busy.tell(Take{std::move(there)});

  CHECK(cause_of_end(here) != nullptr);
  ::kill(pid, SIGKILL);
}

TEST_CASE("an end among the arguments of a process that does not start is closed, with a cause") {
  Stage stage;
  auto [here, there] = pipe<int>(stage.node);

  CHECK_THROWS_AS(stage.node.start<echo<int>>({.working_directory = "/not/there"}, std::move(there)), troupe::NotFound);

  CHECK(cause_of_end(here) != nullptr);
}
