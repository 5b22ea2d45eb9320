// troupe: actors in processes. Apache-2.0, see LICENSE.
// A child takes its role once, refuses what is not meant for it, and guards against programs that start themselves for ever.
#include "catch.hpp"
#include "child.hpp"

#include <troupe/node/role.hpp>
#include <troupe/wire/error.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

using namespace troupe;
using namespace troupe::detail;

namespace {

template <class Call>
int say_misuse(Call call) {
  try {
    call();
  } catch (const Misuse& error) {
    std::cout << error.what() << std::endl;
    return 9;
  }
  return 0;
}

const ChildMain start_without_role{"start_without_role", [](int, char**) {
                                     return say_misuse([] {
                                       if (!role_pending()) return;
                                       Launcher launcher;
                                       [[maybe_unused]] const auto child = launcher.start(child_of("start_without_role"));
                                     });
                                   }};

// Each process starts the next and prints below which depth it is.
const ChildMain descend{"descend", [](int, char**) {
                          return say_misuse([] {
                            const auto role = take_role();
                            std::cout << role->depth << ' ' << std::flush;
                            Launcher launcher;
                            auto spec = child_of("descend");
                            spec.relay_output = false;
                            const Child child = launcher.start(spec);
                            if (!reap(child.pidfd, 60s)) std::cout << "no end";
                          });
                        }};

const ChildMain just_take{"just_take", [](int, char**) { return say_misuse([] { [[maybe_unused]] const auto role = take_role(); }); }};

const ChildMain pass_on{"pass_on", [](int, char**) {
                          const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
                          ::setenv(ChildMain::variable, "just_take", 1);
                          return WEXITSTATUS(std::system(("'" + program + "'; exit $?").c_str()));
                        }};

const ChildMain meet_interrupts{"meet_interrupts", [](int, char**) {
                                  const auto role = take_role();
                                  ::raise(SIGINT);
                                  std::cout << "alive" << std::endl;
                                  const int status = std::system("kill -INT $$; exit 5");
                                  return WIFSIGNALED(status) && WTERMSIG(status) == SIGINT ? 0 : 1;
                                }};

const ChildMain take_twice{"take_twice", [](int, char**) {
                             if (!role_pending() || !take_role()) return 1;
                             if (role_pending() || take_role()) return 2;
                             std::string name;
                             std::ifstream{"/proc/self/comm"} >> name;
                             return name == "exe" ? 3 : process_depth() == 1 ? 0 : 4;
                           }};

std::pair<std::string, int> run(const char* main) {
  Launcher launcher;
  const Child child = launcher.start(child_of(main));
  std::string text = read_to_end(child.out);
  const auto end = reap(child.pidfd, 20s);
  return {std::move(text), end ? end->code : 999};
}

}  // namespace

TEST_CASE("A process that nobody started as a child has no role and depth 0") {
  CHECK_FALSE(role_pending());
  CHECK_FALSE(take_role().has_value());
  CHECK(process_depth() == 0);
}

TEST_CASE("take_role says malformed when TROUPE_ROLE is not a parent's, and removes it") {
  const auto value = GENERATE(as<std::string>{}, "", "3", "worker", "990:991", "1:2", "-1:-1");
  ::setenv("TROUPE_ROLE", value.c_str(), 1);

  CHECK_THROWS_AS(take_role(), Malformed);

  CHECK_FALSE(role_pending());
}

TEST_CASE("A role is taken once, and the process is called after its program") { CHECK(run("take_twice").second == 0); }

TEST_CASE("P25 a child that has not taken its role may not start another, and hears which line is missing") {
  const auto [text, code] = run("start_without_role");

  CHECK(text.find("troupe::Node node{argc, argv} first in main") != std::string::npos);
  CHECK(code == 9);
}

TEST_CASE("A chain of processes ends at depth 10 and says so") {
  const auto [text, code] = run("descend");

  CHECK(text.find("1 2 3 4 5 6 7 8 9 10 ") == 0);
  CHECK(text.find("more than 10 processes below the first") != std::string::npos);
  CHECK(code == 0);
}

TEST_CASE("A role that another process inherited is refused in words") {
  const auto [text, code] = run("pass_on");

  CHECK(text.find("meant for another process") != std::string::npos);
  CHECK(code == 9);
}

TEST_CASE("SIGINT does not end a child, not even before it has its role, but does end what the child executes") {
  Launcher launcher;
  const Child child = launcher.start(child_of("meet_interrupts"));
  CHECK(signal_child(child.pidfd, SIGINT));

  CHECK(read_to_end(child.out) == "alive\n");
  CHECK(reap(child.pidfd, 20s)->code == 0);
}

TEST_CASE("TROUPE_WAIT_CHILD stops the child of that name until it is continued, and prints its pid") {
  Launcher launcher;
  auto spec = child_of("just_take");
  spec.environment.emplace_back("TROUPE_WAIT_CHILD", "just_take");
  const Child child = launcher.start(spec);
  siginfo_t stopped{};

  REQUIRE(::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &stopped, WSTOPPED) == 0);
  CHECK(stopped.si_status == SIGSTOP);
  CHECK_FALSE(reap(child.pidfd).has_value());
  CHECK(signal_child(child.pidfd, SIGCONT));

  CHECK(read_to_end(child.err).find("just_take is process " + std::to_string(child.pid)) != std::string::npos);
  CHECK(reap(child.pidfd, 20s)->code == 0);
}
