// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the end of a node does to its processes, and the end of a process to those that it has started.
#include "node/child.hpp"
#include "patterns/processes.hpp"
#include "system/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <future>
#include <iostream>
#include <stdexcept>
#include <thread>

using troupe::Process;
using troupe::Queue;

TEST_CASE("the end of the node waits for its processes, detached ones too, and names them") {
  CapturedLog log;
  Stage other;
  Queue<int> done{other.node};
  Process process;
  std::thread opener;
  {
    const auto work = [](Queue<int> opened, Queue<int> to) { to.put_confirmed(opened.get()); };
    Stage stage{Where::here, {.say_processes_every = 10ms}};
    Queue<int> gate{stage.node};
    process = stage.node.start({.name = "the slow one"}, work, gate, done);
    stage.node.start({.name = "the detached one"}, work, gate, done);
    opener = std::thread{[&log, gate]() mutable {
      CHECK(eventually([&] { return log.contains("waits for its processes: the slow one") && log.contains(", the detached one"); }));
      gate.put(1);
      gate.put(2);
    }};
  }
  opener.join();

  CHECK(process.exit_code() == 0);
  process.join();
  CHECK(done.size() == 2);
}

TEST_CASE("R22 a process that uses a queue runs to its end when its node ends right after the start") {
  Process process;
  {
    Stage stage;
    Queue<int> queue{stage.node};
    process = stage.node.start(
        [](Queue<int> own) {
          for (int i = 0; i < 1000; ++i) own.put(i);
          int sum = 0;
          for (int i = 0; i < 1000; ++i) sum += own.get();
          return sum == 499500 ? 0 : 3;
        },
        queue);
  }

  CHECK(process.exit_code() == 0);
}

TEST_CASE("the end of the node ends daemons") {
  Process process;
  {
    Stage stage;
    process = endless(stage.node, {.daemon = true});
  }

  CHECK(process.exit_code() == -SIGTERM);
  CHECK(process.result().error().signal == SIGTERM);
}

TEST_CASE("the end of the node kills a daemon that ignores SIGTERM") {
  Process process;
  {
    Stage stage;
    Queue<int> started{stage.node};
    process = stage.node.start(
        {.daemon = true},
        [](Queue<int> running) {
          ::signal(SIGTERM, SIG_IGN);
          wait_for_ever(running);
        },
        started);
    started.get(soon);
  }

  CHECK(process.exit_code() == -SIGKILL);
}

TEST_CASE("while an exception unwinds, the end of the node waits for no process, but ends it") {
  Process process;
  try {
    Stage stage;
    process = endless(stage.node);
    throw std::runtime_error{"unwinds"};
  } catch (const std::runtime_error&) {
  }

  CHECK(process.exit_code() == -SIGTERM);
}

namespace {

void nothing() {}
struct Nothing {};
class StartsAtItsEnd : public troupe::Actor<StartsAtItsEnd, Nothing> {
 public:
  explicit StartsAtItsEnd(std::promise<bool>& refused) : refused_{refused} {}
  void on(const Nothing&) {}

 private:
  void on_stop() override {
    try {
      node().start<nothing>();
      refused_.set_value(false);
    } catch (const troupe::Closed&) {
      refused_.set_value(true);
    }
  }
  std::promise<bool>& refused_;
};

}  // namespace

TEST_CASE("no process is started by a node that ends") {
  std::promise<bool> refused;
  {
    Stage stage;
    stage.node.spawn<StartsAtItsEnd>(refused);
  }

  CHECK(refused.get_future().get());
}

TEST_CASE("a killed process takes those along that it has started") {
  Stage stage;
  Queue<int> pids{stage.node};
  const Process process = stage.node.start([](troupe::Node& node, Queue<int> to) { node.start<wait_for_ever>(to).join(); }, pids);
  const int grandchild = pids.get(soon);
  CHECK(::kill(grandchild, 0) == 0);

  process.kill();
  process.join();

  CHECK(eventually([&] {
    const auto stat = stat_of(grandchild);
    return stat.empty() || stat.front() == "Z";
  }));
}

TEST_CASE("what a process printed has been passed on when join returns") {
  Stage stage;
  const troupe::detail::Descriptor file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  REQUIRE(file);
  const troupe::detail::Descriptor before{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10)};
  std::cout.flush();
  ::dup2(file.get(), STDOUT_FILENO);
  constexpr int lines = 2000;
  stage.node
      .start([] {
        for (int i = 0; i < lines; ++i) std::cout << i << '\n';
      })
      .join();
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  ::dup2(before.get(), STDOUT_FILENO);

  CHECK(size == 10 * 2 + 90 * 3 + 900 * 4 + (lines - 1000) * 5);
}
