// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who gives actors their turns: the seam for tests, and the pool of threads behind it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <troupe/node/cell.hpp>

namespace troupe::detail {

/// What an executor has to do.
struct ExecutorUse {
  std::size_t threads = 0;  // that run turns, at most
  std::size_t blocked = 0;  // beside them: handlers that wait
};

/// Threads: every member from any.
class Executor {
 public:
  virtual ~Executor() = default;
  /// `cell` has something to do: gives it turns soon, by one thread at a time. Called once per falling asleep.
  virtual void schedule(LocalCell& cell) = 0;
  /// The calling thread is about to wait for other actors: others go on meanwhile.
  /// @throws Misuse  too many threads wait already
  virtual void begin_blocking() = 0;
  virtual void end_blocking() noexcept = 0;
  /// Ends the threads; what is still to do stays undone. Not on a thread of its own.
  virtual void stop() = 0;
  /// To be called now and then once `watch_turns` of the loop was: gives an actor that waits behind a long turn to another thread.
  /// @returns whether there is anything left to watch
  virtual bool look_for_stuck() = 0;
  [[nodiscard]] virtual ExecutorUse use() const = 0;
};

struct ExecutorOptions {
  /// Threads that run turns; started when there is work.
  std::size_t threads = 2;
  /// Threads that may wait in handlers at one time, beside those: each wait adds one.
  std::size_t max_blocked = 64;
};

/// One queue for all, and per thread a slot for the actor that was woken last: its message is still in the cache.
class ThreadExecutor final : public Executor {
 public:
  /// @param watch  called when an actor was put into a slot and nobody watches yet
  ThreadExecutor(ExecutorOptions options, std::function<void()> watch);
  ~ThreadExecutor() override;

  void schedule(LocalCell& cell) override;
  void begin_blocking() override;
  void end_blocking() noexcept override;
  void stop() override;
  bool look_for_stuck() override;
  [[nodiscard]] ExecutorUse use() const override;

 private:
  struct alignas(64) Worker {
    explicit Worker(ThreadExecutor& of) noexcept : executor{of} {}
    ThreadExecutor& executor;
    unsigned waits = 0;  // of its own thread, within each other: what it is given meanwhile others must run
    std::atomic<LocalCell*> slot{nullptr};
    std::atomic<std::uint64_t> turns{0};
    std::uint64_t turns_seen = 0;
    unsigned slot_runs = 0;
    std::thread thread;
  };

  void run(Worker& worker);
  LocalCell* next(Worker& worker);
  void push(LocalCell& cell);
  void line_up(LocalCell& cell);
  void need_thread(std::unique_lock<std::mutex>& lock);

  const ExecutorOptions options_;
  const std::function<void()> watch_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  LocalCell* first_ = nullptr;
  LocalCell* last_ = nullptr;
  std::atomic<std::size_t> queued_{0};
  std::atomic<int> searching_{0};  // awake, without work, and sure to look at the queue again before they sleep
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t idle_ = 0;     // asleep
  std::size_t waking_ = 0;   // woken and not yet at work
  std::size_t blocked_ = 0;  // waiting in handlers
  bool stopped_ = false;
  std::atomic<bool> watched_{false};
};

}  // namespace troupe::detail
