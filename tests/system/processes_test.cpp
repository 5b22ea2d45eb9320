// troupe: actors in processes. Apache-2.0, see LICENSE.
// Process actors over time: started and ended a thousand times, killed under load, idle; and what all that costs.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <random>

using namespace troupe;

namespace {

struct Get {};
struct Pid {};
struct Nap {
  int milliseconds = 0;
};
struct Quit {
  int code = 0;
};
struct Crash {};
class Patient : public Actor<Patient, Get, Pid, Nap, Quit, Crash> {
 public:
  int on(const Get&) { return ++count_; }
  int on(const Pid&) const { return ::getpid(); }
  void on(const Nap& nap) { std::this_thread::sleep_for(std::chrono::milliseconds{nap.milliseconds}); }
  void on(const Quit& exit) { ::_exit(exit.code); }
  void on(const Crash&) { ::kill(::getpid(), SIGABRT); }

 private:
  int count_ = 0;
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

double resident_mebibytes() {
  std::ifstream statm{"/proc/self/statm"};
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Of all threads.
std::chrono::nanoseconds time_on_processors(pid_t pid) {
  std::chrono::nanoseconds sum{};
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task"}) {
    std::ifstream file{thread.path() / "schedstat"};
    std::int64_t nanoseconds = 0;
    file >> nanoseconds;
    sum += std::chrono::nanoseconds{nanoseconds};
  }
  return sum;
}

// The runtime directory of this process and its children, for a test that counts files: others use the usual one meanwhile.
class OwnRuntimeDirectory {
 public:
  OwnRuntimeDirectory() {
    if (const char* before = std::getenv("XDG_RUNTIME_DIR")) before_ = before;
    ::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
  }
  ~OwnRuntimeDirectory() {
    if (before_) ::setenv("XDG_RUNTIME_DIR", before_->c_str(), 1);
    if (!before_) ::unsetenv("XDG_RUNTIME_DIR");
  }
  OwnRuntimeDirectory(const OwnRuntimeDirectory&) = delete;
  OwnRuntimeDirectory& operator=(const OwnRuntimeDirectory&) = delete;
  [[nodiscard]] std::size_t files() const { return files_below(folder_.path()); }

 private:
  const Folder folder_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("process actors that started and ended leave no process, descriptor, file or memory") {
  constexpr int rounds = sanitized ? 60 : 1000;
  const OwnRuntimeDirectory directory;
  Stage stage{Where::ipc};
  const auto round = [&] {
    const auto patient = stage.spawn<Patient>();
    REQUIRE(patient.ask(Get{}).get() == 1);
    patient.stop();
  };
  const auto settled = [&] { return children_of(::getpid()).empty(); };
  for (int i = 0; i < rounds / 5; ++i) round();
  REQUIRE(eventually(settled));
  const auto descriptors = open_descriptors();
  const auto files = directory.files();
  const double memory = resident_mebibytes();

  for (int i = rounds / 5; i < rounds; ++i) round();

  CHECK(eventually(settled));
  // What the last round before had not closed yet when it was counted may be missing now; a leak is more, not less.
  CHECK(eventually([&] { return open_descriptors() <= descriptors; }));
  CHECK(files > 0);
  CHECK(eventually([&] { return directory.files() <= files; }));
  if (!sanitized) CHECK(resident_mebibytes() < memory * 1.05);
}

TEST_CASE("actors that started and ended leave no memory") {
  constexpr int rounds = sanitized ? 2000 : 10000;
  Stage stage;
  const auto round = [&] {
    const auto patient = stage.spawn<Patient>();
    REQUIRE(patient.ask(Get{}).get() == 1);
    patient.stop();
  };
  for (int i = 0; i < rounds / 10; ++i) round();
  const double memory = resident_mebibytes();

  for (int i = rounds / 10; i < rounds; ++i) round();

  if (!sanitized) CHECK(resident_mebibytes() < memory * 1.05);
}

TEST_CASE("when a process is killed every ask to it ends, and says by which signal") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};
  std::minstd_rand random{9};
  std::vector<std::chrono::nanoseconds> delays;
  for (int round = 0; round < 10; ++round) {
    const auto patient = stage.spawn<Patient>();
    const pid_t pid = patient.ask(Pid{}).get();
    std::chrono::steady_clock::time_point death;
    std::vector<std::thread> threads;
    std::array<std::chrono::steady_clock::time_point, 3> ends;
    std::array<std::optional<int>, 3> signals;
    for (std::size_t thread = 0; thread < ends.size(); ++thread)
      threads.emplace_back([&, thread] {
        for (;;) {
          auto answer = thread == 0 ? patient.ask(Get{}).result() : patient.ask(Get{}, 20s).result();
          if (answer) continue;
          ends.at(thread) = std::chrono::steady_clock::now();
          signals.at(thread) = answer.error().signal;
          return;
        }
      });
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 20'000});

    death = std::chrono::steady_clock::now();
    ::kill(pid, SIGKILL);

    for (auto& thread : threads) thread.join();
    for (const auto& end : ends) delays.push_back(end - death);
    for (const auto& signal : signals) CHECK(signal == SIGKILL);
    CHECK_THROWS_AS(patient.ask(Get{}).get(), ActorDied);
  }
  std::sort(delays.begin(), delays.end());
  CHECK(delays[delays.size() / 2] < (sanitized ? 200ms : 50ms));
  CHECK(delays.back() < 500ms);
}

TEST_CASE("an ask says how the process of its actor ended") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  CapturedLog log;
  Stage stage{where};

  const auto exited = error_of(stage.spawn<Patient>().ask(Quit{7}));
  CHECK(exited.code == Errc::died);
  CHECK(exited.executed == Executed::unknown);
  CHECK(exited.exit_code == 7);
  CHECK_FALSE(exited.signal.has_value());
  CHECK(chain_text(exited).find("exited with 7") != std::string::npos);

  const auto crashed = error_of(stage.spawn<Patient>().ask(Crash{}));
  CHECK(crashed.code == Errc::died);
  CHECK(crashed.signal == SIGABRT);
}

TEST_CASE("a handler that takes long does not keep its process from answering for others") {
  const auto where = GENERATE(other_processes);
  CAPTURE(where);
  Stage stage{where};
  const auto patient = stage.spawn<Patient>();
  const auto journal = stage.spawn<Journal>();

  auto long_one = patient.ask(Nap{1000});
  const auto start = std::chrono::steady_clock::now();
  const std::string text(64 << 10, 'x');
  CHECK(journal.ask(Note{text}).wait_for(20s));
  std::vector<Future<int>> asks;
  for (int i = 0; i < 50; ++i) asks.push_back(patient.ask(Get{}));  // within its first window
  CHECK(std::chrono::steady_clock::now() - start < 900ms);
  CHECK_FALSE(long_one.ready());

  long_one.get();
  for (auto& ask : asks) (void)ask.get();
}

TEST_CASE("a program that never reaches a Node line makes spawn fail: at once if it ends, else after start_timeout") {
  CapturedLog log;
  NodeOptions options;
  options.handle_signals = false;
  options.start_timeout = 300ms;
  SECTION("it ends") {
    options.executable = "/bin/true";
    Node node{options};

    const auto start = std::chrono::steady_clock::now();
    try {
      (void)node.spawn<Patient>(own_process);
      FAIL("nothing was thrown");
    } catch (const Error& error) {
      CHECK(std::string{error.what()}.find("exited with 0") != std::string::npos);
    }
    CHECK(std::chrono::steady_clock::now() - start < 250ms);
  }
  SECTION("it stays") {
    options.executable = "/bin/sleep";
    char name[] = "sleep";
    char forever_long[] = "1000";
    char* arguments[] = {name, forever_long, nullptr};
    int count = 2;
    Node node{count, arguments, options};

    try {
      (void)node.spawn<Patient>(own_process);
      FAIL("nothing was thrown");
    } catch (const Timeout& error) {
      CHECK(std::string{error.what()}.find("Node line") != std::string::npos);
    }
    CHECK(eventually([] { return children_of(::getpid()).empty(); }));
  }
  SECTION("there is none") {
    options.executable = "/no/such/program";
    Node node{options};

    CHECK_THROWS_AS(node.spawn<Patient>(own_process), NotFound);
  }
}

TEST_CASE("a node with nothing to do uses no processor time") {
  if (sanitized) return;  // its runtime has threads of its own
  Stage stage{Where::ipc};
  std::vector<Ref<Patient>> all;
  std::vector<pid_t> pids{::getpid()};
  for (int i = 0; i < 4; ++i) {
    all.push_back(stage.spawn<Patient>());
    pids.push_back(all.back().ask(Pid{}).get());
  }
  for (int i = 0; i < 10; ++i) all.push_back(stage.node.spawn<Patient>());
  for (const auto& each : all) (void)each.ask(Get{}).get();
  const auto used = [&] {
    std::chrono::nanoseconds sum{};
    for (const pid_t pid : pids) sum += time_on_processors(pid);
    return sum;
  };
  std::this_thread::sleep_for(200ms);  // what was begun ends

  const auto before = used();
  std::this_thread::sleep_for(2s);

  CHECK(used() - before < 4ms);
}
