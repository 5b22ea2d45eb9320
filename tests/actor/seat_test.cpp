// troupe: actors in processes. Apache-2.0, see LICENSE.
// Refs to supervised actors in processes of their own: the process is replaced, the ref stays.
#include "supervised.hpp"

#include <atomic>
#include <numeric>

using namespace supervised;

TEST_CASE("a supervised process that is killed is replaced under the same ref") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto watching = stage.node.spawn<Guard>(worker);
  const int first = worker.ask(Pid{}).get();
  CHECK(worker.ask(Bump{}).get() == 1);

  for (int restarts = 1; restarts <= 3; ++restarts) {
    const int before = pid_of(worker);
    ::kill(before, SIGKILL);
    REQUIRE(eventually([&] { return supervisor.restarts() == static_cast<std::uint64_t>(restarts); }));
    const int after = pid_of(worker);
    CHECK(after != 0);
    CHECK(after != before);
  }

  CHECK(pid_of(worker) != first);
  CHECK(worker.ask(Bump{}).get() == 1);
  CHECK(supervisor.restarts() == 3);
  CHECK(seen_by(watching).empty());
}

TEST_CASE("what is sent while nobody sits there waits for the next process, in order") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  auto options = quick();
  options.backoff = options.max_backoff = 400ms;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  CHECK(neighbour.ask(AskPid{}).get() == worker.ask(Pid{}).get());
  worker.kill();
  REQUIRE(eventually([&] { return supervisor.restarts() == 1; }));

  SECTION("from a thread") {
    for (int i = 0; i < 500; ++i) worker.tell(Item{i});
  }
  SECTION("from a handler here") { stage.node.spawn<Neighbour>(worker).ask(TellItems{500}).get(); }

  std::vector<int> expected(500);
  std::iota(expected.begin(), expected.end(), 0);
  REQUIRE(eventually([&] { return worker.ask(Items{}).get().size() == 500; }));
  CHECK(worker.ask(Items{}).get() == expected);
  CHECK(supervisor.restarts() == 1);
}

TEST_CASE("what another process sends before it knows of the death is lost, what it sends then comes, in order") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  auto options = quick();
  options.backoff = options.max_backoff = 100ms;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  CHECK(neighbour.ask(AskPid{}).get() == worker.ask(Pid{}).get());

  worker.kill();
  neighbour.ask(TellItems{500}).get();
  CHECK(neighbour.ask(AskPid{}).get() != 0);  // it has noticed
  neighbour.ask(TellItems{500}).get();

  REQUIRE(eventually([&] {
    const auto items = worker.ask(Items{}).get();
    return items.size() >= 500 && items.back() == 499;
  }));
  const auto items = worker.ask(Items{}).get();
  std::vector<int> expected(500);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(std::vector<int>(items.end() - 500, items.end()) == expected);
  CHECK(std::is_sorted(items.begin(), items.end() - 500));
}

TEST_CASE("more than a mailbox holds does not wait for a process: tell ends as Full") {
  CapturedLog log;
  NodeOptions node_options;
  node_options.mailbox_messages = 10;
  Stage stage{Where::ipc, node_options};
  auto options = quick();
  options.backoff = options.max_backoff = 1h;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  worker.kill();
  REQUIRE(eventually([&] { return supervisor.restarts() == 1; }));

  for (int i = 0; i < 10; ++i) worker.tell(Item{i});
  CHECK_THROWS_AS(worker.tell(Item{10}, 1ms), Full);
  CHECK_THROWS_AS(worker.ask(Bump{}, 1ms), Full);
  supervisor.stop();

  REQUIRE(eventually([&] { return stage.node.dead_letters() == 10; }));
}

TEST_CASE("a message that is too large is refused also while nobody sits there") {
  CapturedLog log;
  NodeOptions node_options;
  node_options.max_message_bytes = 8;
  Stage stage{Where::ipc, node_options};
  auto options = quick();
  options.backoff = options.max_backoff = 1h;
  Supervisor supervisor{stage.node, options};
  const auto worker = supervisor.spawn<Worker>(own_process);
  worker.kill();
  REQUIRE(eventually([&] { return supervisor.restarts() == 1; }));

  worker.tell(Item{1});
  CHECK_THROWS_AS(worker.tell(Keep{worker}), Malformed);
  CHECK_THROWS_AS(worker.ask(Keep{worker}), Malformed);
}

TEST_CASE("a ref in another process finds the new one too") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  const int first = neighbour.ask(AskPid{}).get();
  CHECK(first == worker.ask(Pid{}).get());

  for (int round = 0; round < 3; ++round) {
    ::kill(pid_of(worker), SIGKILL);
    const int here = pid_of(worker);
    CHECK(here != 0);
    CHECK(neighbour.ask(AskPid{}).get() == here);
  }

  const auto watching = stage.spawn<Guard>(worker);
  CHECK(seen_by(watching).empty());
  supervisor.stop();
  REQUIRE(eventually([&] { return seen_by(watching).size() == 1; }));
  CHECK(seen_by(watching).front().reason == Exit::normal);
  CHECK(neighbour.ask(AskPid{}).get() == 0);
}

TEST_CASE("a supervised actor may write to its own ref") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);

  worker.tell(Keep{worker});

  CHECK(worker.ask(AskYourself{}).get() == 1);
  CHECK(worker.ask(Items{}).get() == std::vector<int>{7});
}

TEST_CASE("every ask to a supervised process that is killed again and again ends, by an answer or as ActorDied") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  constexpr int kills = 20;
  CapturedLog log;
  Stage stage{where};
  Supervisor supervisor{stage.node, quick()};
  const auto worker = supervisor.spawn<Worker>(own_process);
  const auto neighbour = stage.spawn<Neighbour>(worker);
  std::atomic<bool> over{false};
  std::atomic<int> odd{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> askers;
  for (int thread = 0; thread < 3; ++thread)
    askers.emplace_back([&] {
      while (!over) {
        const auto answer = worker.ask(Bump{}).result();
        if (answer) ++answered;
        if (!answer && answer.error().code != Errc::died) ++odd;
      }
    });

  for (int kill = 1; kill <= kills; ++kill) {
    const int before = answered;
    REQUIRE(eventually([&] { return answered > before + 5; }));
    ::kill(pid_of(worker), SIGKILL);
    REQUIRE(eventually([&] { return supervisor.restarts() == static_cast<std::uint64_t>(kill); }));
    if (kill % 5 == 0) CHECK(neighbour.ask(AskPid{}).get() != 0);
  }
  over = true;
  for (auto& asker : askers) asker.join();

  CHECK(odd == 0);
  CHECK(worker.ask(Pid{}).get() == neighbour.ask(AskPid{}).get());
}
