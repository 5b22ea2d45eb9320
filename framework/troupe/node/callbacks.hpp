// troupe: actors in processes. Apache-2.0, see LICENSE.
// The one named thread on which callbacks of futures run that belong to no actor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/future_state.hpp>

namespace troupe::detail {

/// Threads: safe. Started with the first callback.
class CallbackThread {
 public:
  /// @param waits  called for each callback, which `run_one` then runs on the thread that calls it; empty: a thread does
  explicit CallbackThread(std::function<void()> waits) : waits_{std::move(waits)} {}
  ~CallbackThread() { stop(); }
  /// Runs `work` behind what was posted before. What it throws is logged.
  void post(std::function<void()> work);
  /// Runs what was posted, then ends the thread.
  void stop();
  /// The calling thread is this one.
  [[nodiscard]] bool is_current() const;
  /// To be called on the thread: runs further callbacks until `state` is settled or `until`. @returns whether it is
  /// @throws Misuse  it is the one whose callbacks run just now
  bool wait(FutureState& state, TimePoint until);
  /// To be called on the thread: runs the callbacks of `state`. What they throw is logged.
  void call(FutureState& state, std::unique_ptr<Continuation> callbacks);
  /// To be called on the thread: runs the next callback. @returns whether there was one
  bool run_one();

 private:
  void run();

  const std::function<void()> waits_;
  unsigned running_ = 0;  // callbacks within each other, without a thread
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::function<void()>> posted_;
  bool stopped_ = false;
  Parker* waiting_ = nullptr;            // the thread waits in a callback
  std::vector<FutureState*> under_way_;  // whose callbacks run, each within a wait of the one before; of the thread
  std::thread thread_;
};

}  // namespace troupe::detail
