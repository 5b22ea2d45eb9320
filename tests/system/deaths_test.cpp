// troupe: actors in processes. Apache-2.0, see LICENSE.
// Processes that are killed while they work: what was acknowledged was done, what failed is known, nothing is done twice.
#include "actor/stage.hpp"
#include "system/program.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>

using namespace troupe;

namespace {

/// Numbers that outlive the process which notes them.
class Book {
 public:
  explicit Book(const std::string& path) : file_{::open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600)} {}
  ~Book() { ::close(file_); }
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;
  void note(std::uint64_t number) const {
    if (::write(file_, &number, sizeof number) != sizeof number) std::abort();
  }
  static std::vector<std::uint64_t> read(const std::string& path) {
    std::vector<std::uint64_t> numbers;
    std::ifstream file{path, std::ios::binary};
    for (std::uint64_t number = 0; file.read(reinterpret_cast<char*>(&number), sizeof number);) numbers.push_back(number);
    return numbers;
  }

 private:
  const int file_;
};

struct Entry {
  std::uint64_t number = 0;
};
struct Pid {};
// Notes each number before it answers.
class Ledger : public Actor<Ledger, Entry, Pid> {
 public:
  explicit Ledger(const std::string& path) : book_{path} {}
  std::uint64_t on(const Entry& entry) {
    book_.note(entry.number);
    return entry.number;
  }
  int on(const Pid&) const { return ::getpid(); }

 private:
  const Book book_;
};

struct Begin {
  Ref<Ledger> to;
};
// Asks number after number, a few at a time, and notes what was acknowledged, until it is killed.
class Writer : public Actor<Writer, Begin, Pid> {
 public:
  explicit Writer(const std::string& path) : book_{path} {}
  Task<void> on(Begin begin) {
    for (std::uint64_t next = 0;; next += 10) {
      std::vector<Future<std::uint64_t>> under_way;
      for (std::uint64_t i = 0; i < 10; ++i) under_way.push_back(begin.to.ask<Entry>(next + i));
      for (const std::uint64_t number : co_await when_all(std::move(under_way))) book_.note(number);
    }
  }
  int on(const Pid&) const { return ::getpid(); }

 private:
  const Book book_;
};

std::vector<std::uint64_t> from_zero(std::size_t count) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  return numbers;
}

constexpr int points = sanitized ? 10 : 50;

std::chrono::microseconds some_time(std::mt19937& random) { return std::chrono::microseconds{random() % 5000}; }

}  // namespace

TEST_CASE("a receiver is killed at 50 points: every ask ends, the acknowledged were handled, and nothing twice") {
  const auto where = GENERATE(other_processes);
  CapturedLog log;
  const Folder folder;
  Stage stage{where};
  const auto seed = std::random_device{}();
  std::mt19937 random{seed};
  CAPTURE(where, seed);

  for (int point = 0; point < points; ++point) {
    const std::string path = folder.path() + "/book" + std::to_string(point);
    const auto ledger = stage.spawn<Ledger>(path);
    const int pid = ledger.ask(Pid{}).get();
    std::thread killer{[pid, pause = some_time(random)] {
      std::this_thread::sleep_for(pause);
      ::kill(pid, SIGKILL);
    }};
    std::vector<Future<std::uint64_t>> asked;
    std::size_t refused = 0;
    while (asked.size() < 10'000 && refused == 0) {
      try {
        asked.push_back(ledger.ask(Entry{asked.size()}));
      } catch (const Error&) {
        ++refused;  // nothing was sent
      }
    }
    killer.join();

    std::vector<std::uint64_t> acknowledged;
    std::size_t failed = 0;
    std::size_t unexpected = 0;
    for (auto& future : asked) {
      const auto result = future.result();
      if (result.has_value()) {
        acknowledged.push_back(result.value());
      } else {
        ++failed;
        if (result.error().code != Errc::died) ++unexpected;
      }
    }
    const auto handled = Book::read(path);
    CHECK(unexpected == 0);
    CHECK(acknowledged.size() + failed == asked.size());
    CHECK(handled == from_zero(handled.size()));  // in order, none twice, none left out
    CHECK(std::all_of(acknowledged.begin(), acknowledged.end(), [&](std::uint64_t number) { return number < handled.size(); }));
  }
}

TEST_CASE("a sender is killed at 50 points: what came is in order, once, and holds all that it knew to be acknowledged") {
  const auto where = GENERATE(other_processes);
  CapturedLog log;
  const Folder folder;
  Stage stage{where};
  const auto seed = std::random_device{}();
  std::mt19937 random{seed};
  CAPTURE(where, seed);

  for (int point = 0; point < points; ++point) {
    const std::string name = folder.path() + '/' + std::to_string(point);
    const auto ledger = stage.node.spawn<Ledger>(name + "-handled");
    const auto writer = stage.spawn<Writer>(name + "-acknowledged");
    const int pid = writer.ask(Pid{}).get();
    auto writing = writer.ask(Begin{ledger});

    std::this_thread::sleep_for(some_time(random));
    ::kill(pid, SIGKILL);

    CHECK_THROWS_AS(writing.get(10s), ActorDied);
    CHECK(eventually([&] { return children_of(::getpid()).empty(); }));
    (void)ledger.ask(Pid{}).get();  // behind what the dead one sent
    const auto handled = Book::read(name + "-handled");
    const auto acknowledged = Book::read(name + "-acknowledged");
    CHECK(handled == from_zero(handled.size()));
    CHECK(acknowledged.size() <= handled.size());
  }
}

namespace {

struct Stick {
  std::string until;  // this file is there
};
struct Item {
  int number = 0;
};
struct Quick {};
class Full : public Actor<Full, Stick, Item> {
 public:
  void on(const Stick& stick) const {
    while (!std::filesystem::exists(stick.until)) std::this_thread::sleep_for(1ms);
  }
  void on(const Item&) const {}
};
struct MakeFull {};
class Landlord : public Actor<Landlord, MakeFull, Quick> {
 public:
  Ref<Full> on(const MakeFull&) { return spawn<Full>(); }
  int on(const Quick&) { return ++count_; }

 private:
  int count_ = 0;
};

std::chrono::nanoseconds median_ask(const Ref<Landlord>& host) {
  std::vector<std::chrono::nanoseconds> times;
  for (int i = 0; i < 301; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    host.ask(Quick{}).get();
    times.push_back(std::chrono::steady_clock::now() - begin);
  }
  std::nth_element(times.begin(), times.begin() + 150, times.end());
  return times[150];
}

}  // namespace

TEST_CASE("a full actor in the same process does not slow asks to a quick one") {
  Stage stage{GENERATE(other_processes)};
  const Folder folder;
  const auto host = stage.spawn<Landlord>();
  const auto full = host.ask(MakeFull{}).get();
  (void)median_ask(host);

  // The machine's own pace changes from one moment to the next: one fair comparison is enough.
  bool fair = false;
  for (int attempt = 0; attempt < 5 && !fair; ++attempt) {
    const auto usual = median_ask(host);
    const std::string until = folder.path() + "/go" + std::to_string(attempt);
    full.tell(Stick{until});
    std::thread writer{[&] {
      for (int i = 0; i < 20'000; ++i) full.tell(Item{i}, forever);
    }};
    const auto beside_full = median_ask(host);
    std::ofstream{until} << "go";
    writer.join();
    fair = beside_full <= 2 * usual;
  }
  CHECK(fair);
}
