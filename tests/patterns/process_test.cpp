// troupe: actors in processes. Apache-2.0, see LICENSE.
// Functions as processes: started with arguments, joined, signalled, and how they end.
#include "patterns/processes.hpp"
#include "system/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <tuple>
#include <vector>

using troupe::Process;
using troupe::Queue;

namespace {

template <class T>
void give_back(Queue<T> queue, T value) {
  queue.put(std::move(value));
}

template <class T>
void check_argument(troupe::Node& node, const T& value) {
  Queue<T> queue{node, {.capacity = 1}};
  const Process process = node.start<give_back<T>>(queue, value);
  CHECK(queue.get(soon) == value);
  process.join();
  CHECK(process.exit_code() == 0);
}

}  // namespace

TEST_CASE("P02 an argument arrives as it is, of its own kind") {
  Stage stage{GENERATE(other_processes)};

  check_argument(stage.node, 1);
  check_argument(stage.node, std::string{"str"});
  check_argument(stage.node, std::vector<int>{1});
  check_argument(stage.node, std::tuple<int>{1});
}

namespace {

void say_parent(troupe::Node& node, Queue<std::string> queue) {
  const auto parent = troupe::parent_process(node);
  queue.put(parent ? parent->name + ' ' + std::to_string(parent->pid) : "none");
}
void say_parents(troupe::Node& node, Queue<std::string> queue) {
  say_parent(node, queue);
  node.start<say_parent>(queue).join();
}

}  // namespace

TEST_CASE("P04 the first process has no parent, others know who created them") {
  Stage stage;
  Queue<std::string> queue{stage.node};

  const Process child = stage.node.start<say_parents>({.name = "middle"}, queue);

  CHECK_FALSE(troupe::parent_process(stage.node));
  CHECK(queue.get(soon) == std::string{program_invocation_short_name} + ' ' + std::to_string(::getpid()));
  CHECK(queue.get(soon) == "middle " + std::to_string(child.pid()));
}

TEST_CASE("P07 terminate ends a process by SIGTERM, join with no patience does not wait for it") {
  Stage stage;
  Process process = endless(stage.node);

  CHECK_FALSE(process.join_for(0s));
  CHECK_FALSE(process.join_for(-1s));
  CHECK(process.is_alive());
  CHECK_FALSE(process.exit_code());
  process.terminate();
  CHECK(process.join_for(10s));

  CHECK_FALSE(process.is_alive());
  CHECK(process.exit_code() == -SIGTERM);
  CHECK(troupe::active_children(stage.node).empty());
  process.join();
  process.terminate();  // no effect
  CHECK(process.exit_code() == -SIGTERM);
}

TEST_CASE("P08 kill ends a process by SIGKILL") {
  Stage stage;
  const Process process = endless(stage.node);

  process.kill();
  process.join();

  CHECK(process.exit_code() == -SIGKILL);
  const auto result = process.result();
  REQUIRE_FALSE(result);
  CHECK(result.error().signal == SIGKILL);
  CHECK_THROWS_AS(result.value(), troupe::ActorDied);
}

TEST_CASE("P10 there is one processor at least") { CHECK(troupe::cpu_count() >= 1); }

TEST_CASE("P11 a process is among the active children while it lives") {
  Stage stage;
  CHECK(troupe::active_children(stage.node).empty());

  Queue<int> gate{stage.node};
  const Process process = stage.node.start([](Queue<int> opened) { opened.get(); }, gate);
  const auto active = troupe::active_children(stage.node);
  gate.put(1);
  process.join();

  REQUIRE(active.size() == 1);
  CHECK(active.front().pid == process.pid());
  CHECK(active.front().name == process.name());
  CHECK(troupe::active_children(stage.node).empty());
}

TEST_CASE("P14 a handle is closed when its process has ended, and not before") {
  Stage stage;
  Process process = endless(stage.node);

  CHECK_THROWS_AS(process.close(), troupe::Misuse);
  process.kill();
  process.join();
  CHECK(process.exit_code() == -SIGKILL);
  process.close();

  CHECK_FALSE(process);
  CHECK_THROWS_AS(process.is_alive(), troupe::Misuse);
  CHECK_THROWS_AS(process.join(), troupe::Misuse);
  CHECK_THROWS_AS(process.terminate(), troupe::Misuse);
  process.close();
}

namespace {

// Of a sibling it would have a pipe; sockets come and go with the connections of the process itself.
void count_descriptors(Queue<std::size_t> counts, Queue<int> gate) {
  std::size_t pipes = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string().starts_with("pipe:")) ++pipes;
  }
  counts.put(pipes);
  (void)gate.next();
}

}  // namespace

TEST_CASE("P17 processes that are started beside each other do not inherit each other's descriptors") {
  Stage stage;
  Queue<std::size_t> counts{stage.node};
  Queue<int> gate{stage.node};
  std::vector<Process> processes;

  std::vector<std::size_t> all;
  for (int i = 0; i < 5; ++i) {
    processes.push_back(stage.node.start<count_descriptors>(counts, gate));
    all.push_back(counts.get(soon));
  }
  gate.close();

  CHECK(all == std::vector<std::size_t>(5, 3));  // its parent's life, stdout, stderr
}

TEST_CASE("P22 the text of an exception is on stderr, is the cause of the error at the parent, and the exit code is 1") {
  Stage stage{GENERATE(other_processes)};
  const Process process = stage.node.start(
      {.name = "thrower", .output = troupe::Output::captured},
      [](int number) { throw std::out_of_range{"number " + std::to_string(number)}; }, 7);

  const auto result = process.result();

  CHECK(process.exit_code() == 1);
  CHECK(process.errors() == "troupe: thrower (" + std::to_string(process.pid()) + "): std::out_of_range: number 7\n");
  REQUIRE_FALSE(result);
  CHECK(result.error().exit_code == 1);
  REQUIRE(result.error().cause != nullptr);
  CHECK(result.error().cause->type_name == "std::out_of_range");
  CHECK(result.error().cause->what == "number 7");
}

TEST_CASE("P22 the last lines of a relayed stderr are in the error") {
  Stage stage;
  const auto result = stage.node.start([] { throw std::runtime_error{"for the error"}; }).result();

  REQUIRE_FALSE(result);
  CHECK(result.error().output.find("std::runtime_error: for the error") != std::string::npos);
}

TEST_CASE("P23 a process ends with the code that its function returns, or leaves with") {
  Stage stage;
  const auto code_of = [](const Process& process) {
    process.join();
    return process.exit_code();
  };

  CHECK(code_of(stage.node.start({.output = troupe::Output::discarded}, [] { throw std::vector<int>{1, 2, 3}; })) == 1);
  CHECK(code_of(stage.node.start([] { return 8; })) == 8);
  CHECK(code_of(stage.node.start([] { return 0; })) == 0);
  CHECK(code_of(stage.node.start([] {})) == 0);
  CHECK(code_of(stage.node.start([] { std::exit(8); })) == 8);
  CHECK(code_of(stage.node.start([] { std::_Exit(3); })) == 3);
  CHECK(code_of(stage.node.start({.output = troupe::Output::discarded}, [] { std::abort(); })) == -SIGABRT);
}

namespace {

void unguarded_function() {}
const ChildMain unguarded{"unguarded", [](int, char**) {
                            troupe::Node node;  // not the one that takes the command line, so the child does not take its role
                            node.start<unguarded_function>().join();
                            return 0;
                          }};

}  // namespace

TEST_CASE("P25 a program whose children do not take their role starts one, and fails") {
  const Folder folder;
  Program program{"unguarded", folder};

  const int status = program.status();

  CHECK(status != 0);
  CHECK(program.prints("call troupe::Node node{argc, argv} first in main"));
  CHECK(program.family_ends(10s));
}

TEST_CASE("P26 a process has no descriptor of its parent's but stdin, stdout and stderr") {
  Stage stage;
  const int given = ::socket(AF_UNIX, SOCK_STREAM, 0);  // not close-on-exec
  const int socket = ::fcntl(given, F_DUPFD, 50);
  ::close(given);
  REQUIRE(socket >= 50);

  const Process process = stage.node.start([](int number) { return ::fcntl(number, F_GETFD) < 0 && errno == EBADF ? 0 : 1; }, socket);

  process.join();
  ::close(socket);
  CHECK(process.exit_code() == 0);
}

TEST_CASE("P28 what was registered for the exit of a process runs there, and what it put arrives") {
  Stage stage;
  Queue<int> queue{stage.node};
  const std::string how = GENERATE("return", "exit");
  const Process process = stage.node.start(
      {.output = troupe::Output::captured},
      [](Queue<int> to, const std::string& ends) {
        std::atexit([] { (void)!::write(STDOUT_FILENO, "deadbeef", 8); });
        for (int i = 0; i < 100; ++i) to.put(i);
        if (ends == "exit") std::exit(0);
      },
      queue, how);

  process.join();

  CHECK(process.exit_code() == 0);
  CHECK(process.output() == "deadbeef");
  CHECK(queue.size() == 100);
}

namespace {

void sum(Queue<int> to, int from, int until) {
  int total = 0;
  for (int i = from; i < until; ++i) total += i;
  to.put(total);
}
void sum_in_halves(troupe::Node& node, Queue<int> to) {
  Queue<int> halves{node};
  const Process low = node.start<sum>(halves, 0, 50);
  const Process high = node.start<sum>(halves, 50, 101);
  const int first = halves.get();
  to.put(first + halves.get());
}

}  // namespace

TEST_CASE("P31 a process starts processes and has a queue of its own") {
  Stage stage{GENERATE(other_processes)};
  Queue<int> queue{stage.node};

  const Process process = stage.node.start<sum_in_halves>(queue);

  CHECK(queue.get(soon) == 5050);
  process.join();
  CHECK(process.exit_code() == 0);
}

// The same name as a function in process_start_test.cpp, and as equal a lambda.
static Process start_twin(troupe::Node& node, Queue<int> queue) {
  return node.start([](Queue<int> to) { to.put(2); }, std::move(queue));
}
Process start_twin_of_other_file(troupe::Node& node, Queue<int> queue) { return start_twin(node, std::move(queue)); }

TEST_CASE("an empty handle says so, and a moved one is empty") {
  Stage stage;
  Process process = endless(stage.node);
  const Process moved = std::move(process);

  CHECK_THROWS_AS(process.pid(), troupe::Misuse);  // NOLINT(bugprone-use-after-move)
  CHECK_THROWS_AS(Process{}.join(), troupe::Misuse);
  CHECK(moved.is_alive());
  moved.kill();
}
