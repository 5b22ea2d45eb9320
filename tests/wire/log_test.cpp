// troupe: actors in processes. Apache-2.0, see LICENSE.
// The log sink: never in the way, never lost in silence.
#include <troupe/wire/log.hpp>

#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"

namespace {

using namespace std::chrono_literals;
using namespace troupe;

constexpr auto patience = 20s;

// Keeps what the sink was given, for as long as a test runs.
class Kept {
 public:
  Kept() {
    set_log_sink([this](LogLevel level, std::string_view line) {
      const std::lock_guard lock{mutex_};
      lines_.push_back(std::string{to_string(level)} + ": " + std::string{line});
    });
  }
  ~Kept() { set_log_sink({}); }

  std::vector<std::string> lines() {
    REQUIRE(detail::flush_log(patience));
    const std::lock_guard lock{mutex_};
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace

TEST_CASE("lines reach the sink in order, on another thread") {
  std::thread::id sink_thread;
  {
    Kept kept;
    detail::log(LogLevel::warning, "one");
    detail::log(LogLevel::error, "two");
    CHECK(kept.lines() == std::vector<std::string>{"warning: one", "error: two"});
  }
  set_log_sink([&](LogLevel, std::string_view) { sink_thread = std::this_thread::get_id(); });

  detail::log(LogLevel::info, "three");
  REQUIRE(detail::flush_log(patience));
  set_log_sink({});

  CHECK(sink_thread != std::thread::id{});
  CHECK(sink_thread != std::this_thread::get_id());
}

TEST_CASE("log does not wait for a sink that hangs, and what has no room is left out and counted") {
  std::promise<void> entered;
  std::promise<void> may_go;
  std::vector<std::string> lines;
  set_log_sink([&, first = true](LogLevel, std::string_view line) mutable {
    if (std::exchange(first, false)) {
      entered.set_value();
      may_go.get_future().wait();
    }
    lines.emplace_back(line);
  });
  detail::log(LogLevel::info, "the first");
  REQUIRE(entered.get_future().wait_for(patience) == std::future_status::ready);

  for (std::size_t i = 0; i < detail::max_log_lines + 7; ++i) detail::log(LogLevel::info, std::to_string(i));
  CHECK_FALSE(detail::flush_log(1ms));
  may_go.set_value();
  REQUIRE(detail::flush_log(patience));
  set_log_sink({});

  REQUIRE(lines.size() == detail::max_log_lines + 2);
  CHECK(lines[1] == "0");
  CHECK(lines[2] == "7 lines were left out: the log sink is slower than what it is given");
  CHECK(lines.back() == std::to_string(detail::max_log_lines - 1));
}

TEST_CASE("a sink that throws costs its line only") {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) {
    if (line == "bad") throw 1;
    lines.emplace_back(line);
  });

  detail::log(LogLevel::info, "bad");
  detail::log(LogLevel::info, "good");
  REQUIRE(detail::flush_log(patience));
  set_log_sink({});

  CHECK(lines == std::vector<std::string>{"good"});
}

TEST_CASE("a sink may log and replace itself, and flush from within says that it cannot wait") {
  std::vector<std::string> lines;
  bool flushed = true;
  set_log_sink([&](LogLevel, std::string_view line) {
    lines.emplace_back(line);
    flushed = detail::flush_log(patience);
    detail::log(LogLevel::info, "again");
    set_log_sink([&](LogLevel, std::string_view later) { lines.push_back("second " + std::string{later}); });
  });

  detail::log(LogLevel::info, "once");
  REQUIRE(detail::flush_log(patience));
  REQUIRE(detail::flush_log(patience));
  set_log_sink({});

  CHECK(lines == std::vector<std::string>{"once", "second again"});
  CHECK_FALSE(flushed);
}

TEST_CASE("lines of many threads all arrive") {
  Kept kept;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) detail::log(LogLevel::info, "x");
    });
  }
  for (auto& thread : threads) thread.join();

  CHECK(kept.lines().size() == 400);
}

TEST_CASE("a rate limit admits once per interval and counts what it turned away") {
  detail::RateLimit limit{10ms};

  CHECK(limit.admits(5ms));
  CHECK_FALSE(limit.admits(5ms));
  CHECK_FALSE(limit.admits(14ms));
  CHECK(limit.admits(15ms));
  CHECK(limit.take_left_out() == 2);
  CHECK(limit.take_left_out() == 0);
}

TEST_CASE("a rate-limited line says how many were left out before it") {
  Kept kept;
  detail::RateLimit limit{1h};
  limit.log(LogLevel::warning, "first");
  limit.log(LogLevel::warning, "second");
  CHECK(kept.lines() == std::vector<std::string>{"warning: first"});

  detail::RateLimit overdue{1ns};
  CHECK(overdue.admits(0ns));
  CHECK_FALSE(overdue.admits(0ns));
  overdue.log(LogLevel::warning, "third");

  CHECK(kept.lines().back() == "warning: third (1 more left out)");
}
