// troupe: actors in processes. Apache-2.0, see LICENSE.
// Programs of several processes that are interrupted, killed, or started wrongly: what their user sees, and what is left.
#include "system/program.hpp"

#include <troupe/troupe.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <random>

using namespace troupe;

namespace {

struct Work {
  int milliseconds = 0;
};
struct Print {
  std::string text;
};
struct HaveChild {};
class Worker : public Actor<Worker, Work, Print, HaveChild> {
 public:
  int on(const Work& work) {
    std::this_thread::sleep_for(std::chrono::milliseconds{work.milliseconds});
    if (work.milliseconds > 0) std::cout << "worked\n";
    return work.milliseconds;
  }
  void on(const Print& print) {
    // Each as one piece: between two of them the relay may write a line of the child.
    std::cout << "out " + print.text + '\n';
    std::cerr << "err " + print.text + '\n';
    for (const auto& child : children_) child.ask(Print{print.text + ", a child"}).get();
  }
  void on(const HaveChild&) {
    children_.push_back(node().spawn<Worker>(own_process));
    children_.back().ask(Work{0}).get();
  }

 private:
  std::vector<Ref<Worker>> children_;
};

[[noreturn]] void stay() {
  std::cout << "ready" << std::endl;
  for (;;) ::pause();
}

// Two process actors with a process actor each, and two actors here.
const ChildMain family{"family", [](int argc, char** argv) {
                         Node node{argc, argv};
                         for (int i = 0; i < 2; ++i) {
                           node.spawn<Worker>(own_process).ask(HaveChild{}).get();
                           node.spawn<Worker>().ask(Work{0}).get();
                         }
                         stay();
                         return 0;
                       }};

const ChildMain working{"working", [](int argc, char** argv) {
                          Node node{argc, argv};
                          std::vector<Ref<Worker>> workers;
                          for (int i = 0; i < 2; ++i) workers.push_back(node.spawn<Worker>(own_process));
                          for (const auto& worker : workers) worker.ask(Work{0}).get();
                          for (const auto& worker : workers) worker.tell(Work{400});
                          std::this_thread::sleep_for(50ms);  // they begin: what has not been sent is no matter here
                          stay();
                          return 0;
                        }};

const ChildMain stuck{"stuck", [](int argc, char** argv) {
                        Node node{argc, argv};
                        const auto worker = node.spawn<Worker>(own_process);
                        worker.ask(Work{0}).get();
                        worker.tell(Work{60'000});
                        stay();
                        return 0;
                      }};

// Never does anything but to start and end processes.
const ChildMain busy{"busy", [](int argc, char** argv) {
                       Node node{argc, argv};
                       std::cout << "ready" << std::endl;
                       for (;;) {
                         const auto worker = node.spawn<Worker>(own_process);
                         worker.ask(HaveChild{}).get();
                         worker.stop();
                       }
                       return 0;
                     }};

const ChildMain brief{"brief", [](int argc, char** argv) {
                        Node node{argc, argv};
                        const auto worker = node.spawn<Worker>(own_process);
                        worker.ask(Work{0}).get();
                        return 3;
                      }};

const ChildMain outliving{"outliving its node", [](int argc, char** argv) {
                            { const Node node{argc, argv}; }
                            stay();
                            return 0;
                          }};

const ChildMain talking{"talking", [](int argc, char** argv) {
                          Node node{argc, argv};
                          const auto worker = node.spawn<Worker>(own_process);
                          worker.ask(HaveChild{}).get();
                          for (int i = 0; i < 100; ++i) worker.tell(Print{"line " + std::to_string(i)});
                          return 0;
                        }};

const ChildMain forgetful{"forgetful", [](int, char**) {
                            try {
                              Node node{NodeOptions{}};  // instead of {argc, argv}
                              (void)node.spawn<Worker>(own_process).ask(Work{0}).get();
                            } catch (const std::exception& error) {
                              std::cerr << error.what() << std::endl;
                              return 9;
                            }
                            return 0;
                          }};

const ChildMain leaving{"leaving", [](int argc, char** argv) {
                          auto* node = new Node{argc, argv};  // never ended: main returns past it
                          node->spawn<Worker>(own_process).ask(Work{0}).get();
                          return 4;
                        }};

std::size_t lines_with(const std::string& output, const std::string& text) {
  std::istringstream lines{output};
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.find(text) != std::string::npos) ++count;
  return count;
}

}  // namespace

TEST_CASE("SIGINT ends all processes within two seconds, with one line, and kills the program by SIGINT") {
  const bool whole_group = GENERATE(true, false);
  CAPTURE(whole_group);
  const Folder folder;
  Program program{"family", folder};
  REQUIRE(program.prints("ready"));
  CHECK(program.family().size() == 5);

  const auto start = std::chrono::steady_clock::now();
  ::kill(whole_group ? -program.pid() : program.pid(), SIGINT);
  const int status = program.status();

  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
  CHECK(program.family_ends(500ms));
  CHECK(lines_with(program.output(), "") == 2);  // "ready" is the other one
  CHECK(lines_with(program.output(), "interrupted") == 1);
  Program next{"brief", folder};  // removes what a process two steps below left, if it died after the first one had looked
  (void)next.status();
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("SIGINT ends processes whose handlers are busy, too") {
  const Folder folder;
  Program program{"stuck", folder};
  REQUIRE(program.prints("ready"));

  const auto start = std::chrono::steady_clock::now();
  ::kill(-program.pid(), SIGINT);
  const int status = program.status();

  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
  CHECK(program.family_ends(500ms));
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("after the end of its node a program is ended by signals as if there had been none") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const Folder folder;
  Program program{"outliving its node", folder};
  REQUIRE(program.prints("ready"));

  ::kill(program.pid(), signal);
  const int status = program.status();

  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == signal));
}

TEST_CASE("SIGTERM lets processes finish what they were told, then kills the program by SIGTERM") {
  const Folder folder;
  Program program{"working", folder};
  REQUIRE(program.prints("ready"));

  ::kill(program.pid(), SIGTERM);
  const int status = program.status();

  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
  CHECK(program.family_ends(500ms));
  CHECK(lines_with(program.output(), "worked") == 2);
  CHECK(lines_with(program.output(), "terminated") == 1);
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("a second SIGTERM ends a program that drains") {
  const Folder folder;
  Program program{"stuck", folder};
  REQUIRE(program.prints("ready"));

  const auto start = std::chrono::steady_clock::now();
  ::kill(program.pid(), SIGTERM);
  REQUIRE(program.prints("once more"));
  ::kill(program.pid(), SIGTERM);
  const int status = program.status();

  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
  CHECK(program.family_ends(500ms));
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("R23 a program that is killed at any moment leaves no process, and no file that the next start does not remove") {
  const Folder folder;
  std::minstd_rand random{20};
  for (int round = 0; round < 20; ++round) {
    Program program{"busy", folder};
    if (round % 4 != 0) REQUIRE(program.prints("ready"));
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 60'000});

    ::kill(program.pid(), SIGKILL);

    CHECK(program.family_ends(2s));
  }

  Program next{"brief", folder};
  const int status = next.status();
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 3));
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("the death of a process takes the processes below it along") {
  const Folder folder;
  Program program{"family", folder};
  REQUIRE(program.prints("ready"));
  const auto children = children_of(program.pid());
  REQUIRE(children.size() == 2);
  const auto grandchildren = children_of(children[0]);
  REQUIRE(grandchildren.size() == 1);

  ::kill(children[0], SIGKILL);

  const auto until = std::chrono::steady_clock::now() + 2s;
  while (program.family().size() > 3 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  const auto left = program.family();
  CHECK(left.size() == 3);
  CHECK(std::find(left.begin(), left.end(), grandchildren[0]) == left.end());
}

TEST_CASE("the code that main returns is the program's, and nothing is left of it") {
  const Folder folder;
  Program program{"brief", folder};

  const int status = program.status();

  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 3));
  CHECK(program.family_ends(100ms));
  CHECK(program.output().empty());
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("a program that never ends its node leaves no process either") {
  const Folder folder;
  Program program{"leaving", folder};

  const int status = program.status();

  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 4));
  CHECK(program.family_ends(2s));
}

TEST_CASE("what processes print comes out at the first one in whole lines, all of it") {
  const Folder folder;
  Program program{"talking", folder};

  const std::string output = program.output();
  const int status = program.status();

  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  CHECK(lines_with(output, "") == 400);
  for (int i = 0; i < 100; ++i) {
    for (const char* stream : {"out", "err"}) {
      const std::string line = std::string{stream} + " line " + std::to_string(i);
      CHECK(lines_with('\n' + output, line + ", a child") == 1);
      CHECK(output.find(line + '\n') != std::string::npos);
    }
  }
}

TEST_CASE("a program without the Node line is no fork bomb, and is told what to do") {
  const Folder folder;
  Program program{"forgetful", folder};

  const std::string output = program.output();
  const int status = program.status();

  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 9));
  CHECK(output.find("troupe::Node node{argc, argv}") != std::string::npos);
  CHECK(program.family_ends(500ms));
}
