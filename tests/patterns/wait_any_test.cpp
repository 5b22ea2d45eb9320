// troupe: actors in processes. Apache-2.0, see LICENSE.
// To wait for whichever comes first.
#include "patterns/pipes.hpp"

#include <unistd.h>

#include <future>
#include <random>
#include <set>
#include <utility>
#include <vector>

using troupe::Connection;
using troupe::pipe;
using troupe::Process;
using troupe::Queue;

namespace {

void send_ten(Connection<std::pair<int, int>> conn, bool slow) {
  std::minstd_rand random{static_cast<unsigned>(::getpid())};
  for (int i = 0; i < 10; ++i) {
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds{random() % 20});
    conn.send({i, ::getpid()});
  }
}

}  // namespace

TEST_CASE("C23 everything that four processes send is received by one that waits for any, until all have ended") {
  const bool slow = GENERATE(false, true);
  Stage stage{GENERATE(other_processes)};
  std::vector<Connection<std::pair<int, int>>> readers;
  std::vector<Process> processes;
  std::set<std::pair<int, int>> expected;
  for (int i = 0; i < 4; ++i) {
    auto [reader, writer] = pipe<std::pair<int, int>>(stage.node, {.ways = troupe::Ways::one});
    readers.push_back(std::move(reader));
    processes.push_back(stage.node.start<send_ten>(std::move(writer), slow));
    for (int n = 0; n < 10; ++n) expected.emplace(n, processes.back().pid());
  }

  std::set<std::pair<int, int>> received;
  std::size_t count = 0;
  while (!readers.empty()) {
    std::vector<std::size_t> ended;
    for (const std::size_t ready : troupe::wait_any({readers.begin(), readers.end()}, soon)) {
      if (auto item = readers[ready].next()) {
        received.insert(*item);
        ++count;
      } else {
        ended.push_back(ready);
      }
    }
    for (auto each = ended.rbegin(); each != ended.rend(); ++each) readers.erase(readers.begin() + static_cast<std::ptrdiff_t>(*each));
  }

  CHECK(count == 40);
  CHECK(received == expected);
}

TEST_CASE("C25 wait_any waits as long as it may, and says which one is ready") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Echo<int> a{stage, where};
  Echo<int> b{stage, where};

  const auto before = std::chrono::steady_clock::now();
  CHECK(troupe::wait_any({a.mine, b.mine}, 200ms).empty());
  CHECK(std::chrono::steady_clock::now() - before >= 200ms);
  a.mine.send(1);
  CHECK(troupe::wait_any({a.mine, b.mine}, soon) == std::vector<std::size_t>{0});
  CHECK(troupe::wait_any({b.mine, a.mine}) == std::vector<std::size_t>{1});
  CHECK(a.mine.recv() == 1);
  CHECK(troupe::wait_any({b.mine, a.mine}, 0s).empty());
}

TEST_CASE("C26 wait_any takes processes and connections alike, and names all that are ready") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> gate{stage.node};
  const Process process = stage.node.start([](Queue<int> opened) { opened.get(); }, gate);
  auto [a, far_a] = pipe<int>(stage.node);
  auto [b, far_b] = pipe<int>(stage.node);
  using Places = std::vector<std::size_t>;

  CHECK(troupe::wait_any({a, process, b}, 0s).empty());
  gate.put(1);
  CHECK(troupe::wait_any({a, process, b}, soon) == Places{1});
  far_b.send(2);
  CHECK(troupe::wait_any({a, process, b}, soon) == Places{1, 2});
  far_a.send(1);
  CHECK(troupe::wait_any({a, process, b}, soon) == Places{0, 1, 2});
}

TEST_CASE("C28 wait_any for nothing waits as long as it may") {
  const auto before = std::chrono::steady_clock::now();

  CHECK(troupe::wait_any({}, 50ms).empty());

  CHECK(std::chrono::steady_clock::now() - before >= 50ms);
  CHECK_THROWS_AS(troupe::wait_any({}), troupe::Misuse);
}

TEST_CASE("P13 the end of a process is something to wait for") {
  Stage stage;
  Queue<int> gate{stage.node};
  const Process process = stage.node.start([](Queue<int> opened) { opened.get(); }, gate);
  const Process none;

  CHECK_THROWS_AS(troupe::wait_any({none}, 0s), troupe::Misuse);
  CHECK(troupe::wait_any({process}, 0s).empty());
  gate.put(1);
  process.join();
  CHECK(troupe::wait_any({process}, 1s) == std::vector<std::size_t>{0});
}

TEST_CASE("wait_any takes futures, queues, connections and processes together, and consumes nothing") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  Queue<int> gate{stage.node};
  Queue<std::string> queue{stage.node, {.place = where == Where::here ? troupe::here : troupe::own_process}};
  const Process process = stage.node.start([](Queue<int> opened) { opened.get(); }, gate);
  auto [near, far] = pipe<int>(stage.node);
  Queue<int> answers{stage.node};
  auto future = answers.get_async();
  const auto wait = [&, &mine = near](troupe::Duration patience) { return troupe::wait_any({future, queue, mine, process}, patience); };
  using Places = std::vector<std::size_t>;

  CHECK(wait(0s).empty());
  CHECK(wait(20ms).empty());
  queue.put("tea");
  CHECK(wait(soon) == Places{1});
  CHECK(wait(troupe::forever) == Places{1});
  answers.put(7);
  CHECK(eventually([&] { return wait(soon) == Places{0, 1}; }));
  CHECK(queue.get() == "tea");
  CHECK(wait(soon) == Places{0});
  far.send(1);
  CHECK(eventually([&] { return wait(soon) == Places{0, 2}; }));
  gate.put(1);
  process.join();
  CHECK(wait(0s) == Places{0, 2, 3});
  CHECK(future.get() == 7);
  CHECK(near.recv() == 1);
}

TEST_CASE("wait_any says that a queue is ready which is closed, has ended, or whose item came while it waited") {
  const Where where = GENERATE(every_place);
  Stage stage{where};
  const auto place = where == Where::here ? troupe::here : troupe::own_process;
  Queue<int> first{stage.node, {.place = place}};
  Queue<int> second{stage.node, {.place = place}};
  using Places = std::vector<std::size_t>;

  for (int round = 0; round < 20; ++round) {
    auto waits = std::async(std::launch::async, [&] { return troupe::wait_any({first, second}, soon); });
    (round % 2 == 0 ? first : second).put(round);
    const auto ready = waits.get();
    CHECK(ready == Places{static_cast<std::size_t>(round % 2)});
    CHECK((round % 2 == 0 ? first : second).try_get() == round);
  }
  first.close();
  CHECK(troupe::wait_any({second, first}, soon) == Places{1});
  second.destroy();
  CHECK(eventually([&] { return troupe::wait_any({second, first}, soon) == Places{0, 1}; }));
  Queue<int> empty;
  CHECK_THROWS_AS(troupe::wait_any({empty}, 0s), troupe::Misuse);
  CHECK_THROWS_AS(troupe::wait_any({troupe::Future<int>{}}, 0s), troupe::Misuse);
}

TEST_CASE("a future that failed is ready, and one that is waited for again and again keeps no bells") {
  Stage stage;
  Queue<int> queue{stage.node};
  auto waits = queue.get_async();
  auto other = queue.get_async();

  for (int i = 0; i < 100; ++i) CHECK(troupe::wait_any({waits, other}, 0s).empty());
  CHECK(troupe::wait_any({waits, other}, 5ms).empty());
  REQUIRE(waits.cancel());
  CHECK(troupe::wait_any({waits, other}) == std::vector<std::size_t>{0});
  queue.put(1);
  CHECK(other.get(soon) == 1);
}
