// troupe: actors in processes. Apache-2.0, see LICENSE.
// Children start with what they were given and nothing else, are told apart by how they end, and never outlive their parent.
#include "catch.hpp"
#include "child.hpp"

#include <troupe/node/launcher.hpp>
#include <troupe/node/role.hpp>
#include <troupe/wire/error.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

using namespace troupe;
using namespace troupe::detail;

namespace {

const ChildMain say_role{"say_role", [](int argc, char** argv) {
                           const auto role = take_role();
                           std::uint64_t sum = 0;
                           for (const auto byte : role->bytes) sum = sum * 31 + static_cast<std::uint8_t>(byte);
                           std::printf("%s %zu %llu %d %d %s %s", role->name.c_str(), role->bytes.size(),
                                       static_cast<unsigned long long>(sum), role->depth, argc, argv[1],
                                       role->parent_pid == ::getppid() ? "mine" : "not mine");
                           return 7;
                         }};

const ChildMain wait_for_parent{"wait_for_parent", [](int, char**) {
                                  const auto role = take_role();
                                  pollfd state{role->parent.get(), POLLIN, 0};
                                  ::poll(&state, 1, -1);
                                  return 0;
                                }};

const ChildMain count_descriptors{"count_descriptors", [](int, char**) {
                                    [[maybe_unused]] const auto role = take_role();
                                    std::cout << open_descriptors();
                                    return 0;
                                  }};

const ChildMain use_descriptor{"use_descriptor", [](int, char**) {
                                 const auto role = take_role();
                                 const int number = std::stoi(text_of(role->bytes));
                                 return ::fcntl(number, F_GETFD) < 0 && errno == EBADF ? 0 : 1;
                               }};

const ChildMain say_surroundings{"say_surroundings", [](int, char**) {
                                   const auto role = take_role();
                                   std::string line;
                                   std::getline(std::cin, line);
                                   std::cout << std::filesystem::current_path().string() << ' ' << std::getenv("TROUPE_TEST_WORD") << ' '
                                             << (std::getenv("TROUPE_ROLE") == nullptr ? "no role" : "role") << " <" << line << '>';
                                   return 0;
                                 }};

const ChildMain say_signals{"say_signals", [](int, char**) {
                              sigset_t mask;
                              ::sigprocmask(SIG_SETMASK, nullptr, &mask);
                              for (int signal = 1; signal < 32; ++signal) {
                                struct sigaction action {};
                                ::sigaction(signal, nullptr, &action);
                                if (::sigismember(&mask, signal) == 1) std::cout << "blocked " << signal << ' ';
                                if (action.sa_handler == SIG_IGN) std::cout << "ignored " << signal << ' ';
                              }
                              return 0;
                            }};

// Starts children that write to its own stdout for as long as it lives, until it is killed.
const ChildMain start_for_ever{"start_for_ever", [](int, char**) {
                                 const auto role = take_role();
                                 Launcher launcher;
                                 std::vector<Child> children;
                                 while (true) {
                                   auto spec = child_of(text_of(role->bytes).c_str());
                                   spec.relay_output = false;
                                   children.push_back(launcher.start(spec));
                                   [[maybe_unused]] const auto told = ::write(STDOUT_FILENO, "x", 1);
                                   if (children.size() == 8) ::pause();
                                 }
                                 return 0;
                               }};

const ChildMain outlive_by_pipe{"outlive_by_pipe", [](int, char**) {
                                  const auto role = take_role();
                                  ::prctl(PR_SET_PDEATHSIG, 0);
                                  pollfd state{role->parent.get(), POLLIN, 0};
                                  ::poll(&state, 1, -1);
                                  return 0;
                                }};

const ChildMain sleep_for_ever{"sleep_for_ever", [](int, char**) {
                                 [[maybe_unused]] const auto role = take_role();
                                 std::cout << "ready" << std::endl;
                                 while (true) ::pause();
                                 return 0;
                               }};

ChildEnd end_of(const Child& child) {
  const auto end = reap(child.pidfd, 20s);
  return end ? *end : ChildEnd{.code = 999, .signal = 999};
}

}  // namespace

TEST_CASE("Launcher::start runs this program again with its arguments, its name and a role of any size") {
  Launcher launcher;
  const auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{10} << 20);
  std::string role(size, '\0');
  for (std::size_t i = 0; i < size; ++i) role[i] = static_cast<char>(i * 7);
  std::uint64_t sum = 0;
  for (const char byte : role) sum = sum * 31 + static_cast<std::uint8_t>(byte);

  const Child child = launcher.start(child_of("say_role", role));

  CHECK(read_to_end(child.out) == "say_role " + std::to_string(size) + " " + std::to_string(sum) + " 1 2 child mine");
  const auto end = end_of(child);
  CHECK(end.code == 7);
  CHECK(end.signal == 0);
}

TEST_CASE("reap says nothing while a child lives, and the signal that ended it") {
  Launcher launcher;
  const Child child = launcher.start(child_of("wait_for_parent"));

  CHECK_FALSE(reap(child.pidfd).has_value());
  CHECK_FALSE(reap(child.pidfd, 5ms).has_value());
  CHECK(signal_child(child.pidfd, SIGKILL));
  const auto end = end_of(child);

  CHECK(end.code == -SIGKILL);
  CHECK(end.signal == SIGKILL);
  CHECK_FALSE(signal_child(child.pidfd, SIGKILL));
}

TEST_CASE("A child ends when its parent closes the role") {
  Launcher launcher;
  Child child = launcher.start(child_of("wait_for_parent"));

  child.role.close();

  CHECK(end_of(child).code == 0);
}

TEST_CASE("The end of a Launcher ends its children that have taken their role") {
  Child child;
  {
    Launcher launcher;
    child = launcher.start(child_of("say_role"));
    read_to_end(child.out);
    CHECK(end_of(child).code == 7);
    child = launcher.start(child_of("sleep_for_ever"));
    pollfd ready{child.out.get(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 20'000) == 1);
  }
  CHECK(end_of(child).signal == SIGKILL);
}

TEST_CASE("Launcher::start says what is wrong with an executable, and leaves nothing behind") {
  Launcher launcher;
  end_of(launcher.start(child_of("say_role")));
  const auto before = open_descriptors();
  auto spec = child_of("say_role");

  SECTION("missing") {
    spec.executable = "/no/such/program";
    CHECK_THROWS_WITH(launcher.start(spec), Catch::Contains("/no/such/program") && Catch::Contains("No such file"));
  }
  SECTION("not executable") {
    spec.executable = "/etc/passwd";
    CHECK_THROWS_WITH(launcher.start(spec), Catch::Contains("/etc/passwd") && Catch::Contains("Permission denied"));
  }
  SECTION("a directory that is missing") {
    spec.working_directory = "/no/such/directory";
    CHECK_THROWS_WITH(launcher.start(spec), Catch::Contains("working directory /no/such/directory"));
  }
  CHECK_THROWS_AS(launcher.start(spec), NotFound);
  CHECK(open_descriptors() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

// The vptr check of -fsanitize=undefined, built together with asan, opens a pipe to look at memory: without descriptors it cries wolf.
#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_TEST_SANITIZED 1
#endif
#endif
#ifndef TROUPE_TEST_SANITIZED
TEST_CASE("Launcher::start says full without descriptors, and works again with them") {
  Launcher launcher;
  end_of(launcher.start(child_of("say_role")));
  const auto before = open_descriptors();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit low{128, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  std::vector<Descriptor> all;
  do all.emplace_back(::fcntl(0, F_DUPFD_CLOEXEC, 0));
  while (all.back());
  const auto left = GENERATE(0u, 1u, 3u, 6u, 7u);  // 8 are needed
  for (unsigned i = 0; i <= left; ++i) all.pop_back();

  CHECK_THROWS_AS(launcher.start(child_of("say_role")), Full);

  all.clear();
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(open_descriptors() == before);
  CHECK(end_of(launcher.start(child_of("say_role"))).code == 7);
}
#endif

TEST_CASE("60 starts leave no zombie and no descriptor, from several threads at a time") {
  Launcher launcher;
  end_of(launcher.start(child_of("say_role")));
  const auto before = open_descriptors();
  std::atomic<int> failed{0};

  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 15; ++i)
        if (end_of(launcher.start(child_of("say_role"))).code != 7) ++failed;
    });
  for (auto& thread : threads) thread.join();

  CHECK(failed == 0);
  CHECK(open_descriptors() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("P17 five children that run at the same time have the same number of open descriptors") {
  Launcher launcher;
  std::vector<Child> children;
  for (int i = 0; i < 5; ++i) children.push_back(launcher.start(child_of("count_descriptors")));

  for (const auto& child : children) CHECK(read_to_end(child.out) == "4");  // stdin, stdout, stderr and the parent's life
  for (const auto& child : children) CHECK(end_of(child).code == 0);
}

TEST_CASE("P26 a descriptor that the parent left open over exec is closed in the child") {
  Launcher launcher;
  const Descriptor leaky{::fcntl(0, F_DUPFD, 50)};
  REQUIRE(leaky.get() >= 50);

  CHECK(end_of(launcher.start(child_of("use_descriptor", std::to_string(leaky.get())))).code == 0);
  CHECK(end_of(launcher.start(child_of("use_descriptor", "1"))).code == 1);
}

TEST_CASE("P19 a child runs and its output arrives when the parent's own stdin, stdout and stderr are closed") {
  Launcher launcher;
  std::vector<Descriptor> saved;
  std::fflush(stdout);
  for (int number = 0; number < 3; ++number) {
    saved.emplace_back(::fcntl(number, F_DUPFD_CLOEXEC, 10));
    ::close(number);
  }
  Child child = launcher.start(child_of("say_role"));
  auto direct = child_of("say_role");
  direct.relay_output = false;
  const Child quiet = launcher.start(direct);
  const auto quiet_end = end_of(quiet);
  const std::string text = read_to_end(child.out);
  for (int number = 0; number < 3; ++number) ::dup2(saved[static_cast<std::size_t>(number)].get(), number);

  CHECK(text == "say_role 0 0 1 2 child mine");
  CHECK(end_of(child).code == 7);
  CHECK(quiet_end.code == 7);
}

TEST_CASE("A child has the environment, the directory and the input that it was given, and no trace of its role") {
  Launcher launcher;
  ::setenv("TROUPE_TEST_WORD", "old", 1);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "hello\n", 6) == 6);
  const Descriptor read{ends[0]};
  const Descriptor write{ends[1]};
  auto spec = child_of("say_surroundings");
  spec.environment.emplace_back("TROUPE_TEST_WORD", "new");
  spec.working_directory = "/usr";

  const Child without = launcher.start(spec);
  CHECK(read_to_end(without.out) == "/usr new no role <>");
  CHECK(end_of(without).code == 0);
  spec.input = read.get();
  const Child with = launcher.start(spec);
  CHECK(read_to_end(with.out) == "/usr new no role <hello>");
  CHECK(end_of(with).code == 0);
}

TEST_CASE("A child starts with SIGINT blocked and every other signal at its default, but for SIGHUP under nohup") {
  Launcher launcher;
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);

  const Child child = launcher.start(child_of("say_signals"));
  const std::string text = read_to_end(child.out);
  CHECK(end_of(child).code == 0);

  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGHUP, SIG_DFL);
  CHECK(text == "ignored 1 blocked 2 ");
}

TEST_CASE("Children end when their parent is killed, at whatever moment") {
  // The waits are the moments, not synchronisation: whatever the parent was doing, its children's stdout reaches its end.
  const std::string kind = GENERATE(as<std::string>{}, "sleep_for_ever", "outlive_by_pipe");
  const auto seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u);
  std::mt19937 random{seed};
  Launcher launcher;
  const Child parent = launcher.start(child_of("start_for_ever", kind));

  CHECK_FALSE(reap(parent.pidfd, std::chrono::milliseconds{random() % 40}).has_value());
  signal_child(parent.pidfd, SIGKILL);

  CHECK(end_of(parent).signal == SIGKILL);
  CHECK(read_to_end(parent.out).find("TIMED OUT") == std::string::npos);
}

TEST_CASE("Starting a child takes this long", "[.measure]") {
  Launcher launcher;
  end_of(launcher.start(child_of("say_role")));
  double start = 0;
  double whole = 0;
  for (int i = 0; i < 200; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Child child = launcher.start(child_of("say_role"));
    start += std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    end_of(child);
    whole += std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
  }
  std::printf("start %.0f us, start to end %.0f us\n", start / 200, whole / 200);
}
