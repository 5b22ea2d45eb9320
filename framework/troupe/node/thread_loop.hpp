// troupe: actors in processes. Apache-2.0, see LICENSE.
// The node's thread, and how a waiting thread takes the reading of the inbox over from it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/descriptor.hpp>
#include <troupe/node/loop.hpp>
#include <troupe/node/parker.hpp>
#include <troupe/node/timers.hpp>

namespace troupe::detail {

/// Leader and follower: whoever holds the lead reads the inbox, moves messages to mailboxes and fulfils; it never runs turns.
/// Usually that is the node's thread; a thread that waits for an answer takes the lead, so that the answer wakes nobody else.
///
/// Threads: as said per member.
class ThreadLoop final : public Loop {
 public:
  ThreadLoop(LoopClient& client, Timers& timers, const Clock& clock);
  ~ThreadLoop() override;
  ThreadLoop(const ThreadLoop&) = delete;
  ThreadLoop& operator=(const ThreadLoop&) = delete;

  void set_inbox(int descriptor) override;
  void watch(int descriptor, std::function<void()> ready) override;
  void unwatch(int descriptor) override;
  void wake() noexcept override;
  void run(const std::function<void()>& first) override;
  void start_thread() override;
  void stop() override;
  void leave() noexcept override { stopping_.store(true); }
  bool wait(FutureState& state, TimePoint until) override;
  void sleep(Parker& parker, TimePoint until) override { parker.sleep(until); }
  void drain_now() override {
    lead_once();
    acknowledge();
  }
  void schedule(LocalCell& cell) override;
  void watch_turns() override;

 private:
  /// The calling thread runs the loop.
  [[nodiscard]] bool on_thread() const noexcept { return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  bool lead_once();
  void acknowledge();
  bool lead_for(FutureState& state, TimePoint until);
  void hand_over();
  void handle_events(int timeout);
  bool run_turns();
  template <class Turns>
  void away(std::unique_lock<std::mutex>& events, Turns turns);
  void stand_by();
  void stand_in();
  void arm_standby();

  LoopClient& client_;
  Timers& timers_;
  const Clock& clock_;
  Descriptor epoll_;
  Descriptor bell_;
  int inbox_ = -1;

  std::mutex lead_;
  std::mutex followers_mutex_;
  std::vector<Parker*> followers_;
  std::atomic<int> following_{0};

  std::mutex watched_mutex_;
  std::unordered_map<int, std::shared_ptr<std::function<void()>>> watched_;

  std::mutex events_;  // held while events are handled; released for turns
  std::mutex cells_mutex_;
  LocalCell* first_cell_ = nullptr;
  LocalCell* last_cell_ = nullptr;
  std::atomic<bool> cells_waiting_{false};

  std::atomic<bool> sleeping_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;

  // The standby thread takes over events when a handler keeps the node's thread.
  Descriptor standby_timer_;
  std::thread standby_;
  std::atomic<bool> standby_armed_{false};
  std::atomic<bool> standby_stop_{false};
  std::atomic<std::uint64_t> turns_{0};
  std::uint64_t turns_seen_ = 0;
  std::atomic<bool> in_turns_{false};
  std::atomic<bool> back_{false};  // the node's thread wants the events back
  std::mutex standby_mutex_;       // starting the thread
};

}  // namespace troupe::detail
