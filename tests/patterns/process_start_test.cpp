// troupe: actors in processes. Apache-2.0, see LICENSE.
// What runs when a process is started: functions of every kind, with what they are given, beside whatever goes on here.
#include "patterns/processes.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using troupe::Process;
using troupe::Queue;

namespace {

void sum(Queue<int> queue, int from, int past) {
  int all = 0;
  for (int i = from; i < past; ++i) all += i;
  queue.put(all);
}
void do_nothing() {}

struct Work {
  static void double_it(Queue<int> queue, int number) { queue.put(2 * number); }
};
namespace one {
auto lambda() {
  return [](Queue<int> queue) { queue.put(1); };
}
}  // namespace one
namespace two {
auto lambda() {
  return [](Queue<int> queue) { queue.put(2); };
}
}  // namespace two

}  // namespace

TEST_CASE("functions of every kind run as they are meant: free, static members, lambdas of equal looks, generic ones") {
  Stage stage;
  Queue<int> queue{stage.node};
  const auto said = [&](Process process) {
    const int number = queue.get(soon);
    process.join();
    return number;
  };

  CHECK(said(stage.node.start<&Work::double_it>(queue, 21)) == 42);
  CHECK(said(stage.node.start<sum>(queue, 0, 4)) == 6);
  CHECK(said(stage.node.start(one::lambda(), queue)) == 1);
  CHECK(said(stage.node.start(two::lambda(), queue)) == 2);
  CHECK(said(stage.node.start([](troupe::Node&, auto to, auto number) { to.put(number); }, queue, 7)) == 7);
  CHECK(stage.node.start<&Work::double_it>({.daemon = true}, queue, 1).name() == "Work::double_it");
}

static Process start_twin(troupe::Node& node, Queue<int> queue) {
  return node.start([](Queue<int> to) { to.put(1); }, std::move(queue));
}

TEST_CASE("R34 two lambdas in functions of equal names in two files run each its own body") {
  Stage stage;
  Queue<int> queue{stage.node};

  start_twin(stage.node, queue).join();
  CHECK(queue.get(soon) == 1);
  start_twin_of_other_file(stage.node, queue).join();
  CHECK(queue.get(soon) == 2);
}

TEST_CASE("R25 processes work that are started while other threads hold locks and wait in sockets") {
  Stage stage;
  std::mutex mutex;
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!done) {
        const std::scoped_lock held{mutex};
        void* memory = std::malloc(1000);  // takes the locks of the library, too
        std::free(memory);
      }
    });
  Queue<int> queue{stage.node};
  constexpr int count = 100;
  int worked = 0;

  for (int i = 0; i < count; ++i) {
    const Process process = stage.node.start<&Work::double_it>(queue, i);
    worked += queue.get(soon) == 2 * i ? 1 : 0;
    process.join();
  }

  done = true;
  for (auto& thread : threads) thread.join();
  CHECK(worked == count);
}

TEST_CASE("a process has the environment, the working directory, the input and the name that it was given") {
  Stage stage;
  const auto say = [](const std::string& variable) {
    std::string line;
    std::getline(std::cin, line);
    const char* value = std::getenv(variable.c_str());
    std::cout << line << '|' << (value == nullptr ? "" : value) << '|' << std::filesystem::current_path().string() << std::endl;
    std::cerr << "and this" << std::endl;
  };
  const Process process = stage.node.start({.name = "sayer",
                                            .environment = {{"TROUPE_SAYS", "so"}},
                                            .working_directory = "/",
                                            .input = "read this\nnot this\n",
                                            .output = troupe::Output::captured},
                                           say, "TROUPE_SAYS");

  process.join();

  CHECK(process.name() == "sayer");
  CHECK(process.output() == "read this|so|/\n");
  CHECK(process.errors() == "and this\n");
}

TEST_CASE("a process that cannot start says why, and nothing runs") {
  Stage stage;

  CHECK_THROWS_AS(stage.node.start<do_nothing>({.working_directory = "/not/there"}), troupe::NotFound);
  CHECK_THROWS_AS(stage.node.start<do_nothing>({.input = "text", .input_descriptor = 0}), troupe::Misuse);
  CHECK(troupe::active_children(stage.node).empty());
}
