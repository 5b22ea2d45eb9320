// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/log.hpp>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace troupe {

namespace {

using namespace std::chrono_literals;

// How long the end of the process waits for a sink that hangs.
constexpr auto exit_patience = 500ms;

void write_line(LogLevel level, std::string_view line) {
  if (level == LogLevel::debug) return;
  std::string text = "troupe: ";
  text.append(line).push_back('\n');
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads stderr: there is no one left to tell
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

struct Line {
  LogLevel level;
  std::string text;
};

// Lives for ever, as does its thread: whoever logs from a static destructor finds it. The exit handler empties it and
// takes the user's sink away, whose own objects may be gone after that; what comes later is written by its caller.
class Log {
 public:
  static Log& instance() {
    static auto* const log = [] {
      auto* const made = new Log;
      std::atexit([] { instance().end(); });
      return made;
    }();
    return *log;
  }

  void add(LogLevel level, std::string text) {
    std::unique_lock lock{mutex_};
    if (ended_) {
      lock.unlock();
      write_line(level, text);
      return;
    }
    start_thread();
    if (lines_.size() >= detail::max_log_lines || !started_) {
      ++left_out_;
      return;
    }
    lines_.push_back({level, std::move(text)});
    ++accepted_;
    news_.notify_one();
  }

  void set_sink(LogSink sink) {
    auto next = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
    std::unique_lock lock{mutex_};
    if (ended_) return;
    sink_.swap(next);
    if (!is_log_thread()) rest_.wait(lock, [&] { return !busy_; });
  }

  bool flush(std::chrono::nanoseconds patience) {
    std::unique_lock lock{mutex_};
    if (is_log_thread()) return false;
    return rest_.wait_for(lock, patience, [&, target = accepted_] { return done_ >= target; });
  }

 private:
  void end() {
    flush(exit_patience);
    std::unique_lock lock{mutex_};
    ended_ = true;
    sink_ = nullptr;
    if (!is_log_thread()) rest_.wait_for(lock, exit_patience, [&] { return !busy_; });
  }

  [[nodiscard]] bool is_log_thread() const { return started_ && std::this_thread::get_id() == thread_; }

  void start_thread() {
    if (started_) return;
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // a user's signal handlers run on the user's threads
    try {
      std::thread thread{[this] { run(); }};
      thread_ = thread.get_id();
      thread.detach();
      started_ = true;
    } catch (const std::system_error&) {
      // No thread to be had now: the line counts as left out, the next one tries again.
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void run() {
    std::unique_lock lock{mutex_};
    while (true) {
      news_.wait(lock, [&] { return !lines_.empty(); });
      const Line line = std::move(lines_.front());
      lines_.pop_front();
      const std::uint64_t left_out = std::exchange(left_out_, 0);
      auto sink = sink_;
      busy_ = true;
      lock.unlock();
      give(sink, line.level, line.text);
      if (left_out > 0) {
        give(sink, LogLevel::warning, std::to_string(left_out) + " lines were left out: the log sink is slower than what it is given");
      }
      sink.reset();  // before anybody is told that it rests
      lock.lock();
      busy_ = false;
      ++done_;
      rest_.notify_all();
    }
  }

  static void give(const std::shared_ptr<const LogSink>& sink, LogLevel level, std::string_view line) {
    try {
      sink == nullptr ? write_line(level, line) : (*sink)(level, line);
    } catch (...) {
      // A sink that throws must not end the process.
    }
  }

  std::mutex mutex_;
  std::condition_variable news_;  // for the thread
  std::condition_variable rest_;  // for those who wait for it
  std::deque<Line> lines_;
  std::shared_ptr<const LogSink> sink_;
  std::thread::id thread_;
  std::uint64_t accepted_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t left_out_ = 0;
  bool started_ = false;
  bool busy_ = false;
  bool ended_ = false;
};

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "?";
}

void set_log_sink(LogSink sink) { Log::instance().set_sink(std::move(sink)); }

namespace detail {

void log(LogLevel level, std::string line) noexcept {
  try {
    Log::instance().add(level, std::move(line));
  } catch (...) {
    // No memory for a line: nothing is left that could be said.
  }
}

bool flush_log(std::chrono::nanoseconds patience) noexcept {
  try {
    return Log::instance().flush(patience);
  } catch (...) {
    return false;
  }
}

bool RateLimit::admits(std::chrono::nanoseconds now) noexcept {
  std::int64_t last = last_.load(std::memory_order_relaxed);
  const bool due = last == never || now.count() - last >= interval_;
  if (due && last_.compare_exchange_strong(last, now.count(), std::memory_order_relaxed)) return true;
  left_out_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void RateLimit::log(LogLevel level, std::string line) noexcept {
  if (!admits(std::chrono::steady_clock::now().time_since_epoch())) return;
  const std::uint64_t left_out = take_left_out();
  try {
    if (left_out > 0) line += " (" + std::to_string(left_out) + " more left out)";
  } catch (...) {
    // Without the number then.
  }
  detail::log(level, std::move(line));
}

}  // namespace detail
}  // namespace troupe
