// troupe: actors in processes. Apache-2.0, see LICENSE.
// The one named thread on which callbacks of futures run that belong to no actor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe::detail {

/// Threads: safe. Started with the first callback.
class CallbackThread {
 public:
  ~CallbackThread() { stop(); }
  /// Runs `work` behind what was posted before. What it throws is logged.
  void post(std::function<void()> work);
  /// Runs what was posted, then ends the thread.
  void stop();
  /// The calling thread is this one.
  [[nodiscard]] bool is_current() const;
  /// To be called on the thread while it waits: runs one further callback. @returns false: there is none
  bool run_one();

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::function<void()>> posted_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace troupe::detail
