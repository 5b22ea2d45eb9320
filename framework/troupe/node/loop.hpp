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
#include <troupe/node/parker.hpp>
#include <troupe/node/timers.hpp>
#include <troupe/transport/transport.hpp>

namespace troupe::detail {

class FutureState;

/// What the loop calls; the node's wiring.
class LoopClient {
 public:
  /// Reads the inbox; called by one thread at a time, the leader. @returns whether anything came
  virtual bool drain() = 0;
  /// Acknowledges what was read, unless an answer has done so; by the leader, when the inbox may be empty.
  virtual void acknowledge() = 0;
  /// Sends what this thread has put off.
  virtual void flush_thread() = 0;
  /// Called on the node's thread between events.
  virtual void settle() = 0;
  /// Looks for actors that wait behind a long turn. @returns whether there is anything left to watch
  virtual bool look_for_stuck() = 0;

 protected:
  ~LoopClient() = default;
};

/// Leader and follower: whoever holds the lead reads the inbox, moves messages to mailboxes and fulfils; it never runs turns.
/// Usually that is the node's thread; a thread that waits for an answer takes the lead, so that the answer wakes nobody else.
///
/// Threads: as said per member.
class Loop {
 public:
  Loop(LoopClient& client, Timers& timers, const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The inbox's descriptor; once, before the loop runs.
  void set_inbox(int descriptor);
  /// Calls `ready` on the node's thread while `descriptor` is readable. From any thread.
  void watch(int descriptor, std::function<void()> ready);
  void unwatch(int descriptor);
  /// Has the loop look around again. From any thread.
  void wake() noexcept;

  /// Runs the loop on the calling thread until `stop` or `leave`.
  /// @param first  run before, as a turn: it may wait for answers, which the standby thread sees to. Empty: nothing
  /// @throws what `first` throws
  void run(const std::function<void()>& first);
  void start_thread();
  /// Ends the loop, and its thread if it has one. From any thread but the loop's own.
  void stop();
  /// Ends the loop; from the loop's own thread.
  void leave() noexcept { stopping_.store(true); }

  /// Waits until `state` is settled or `until`. From any thread. @returns whether it is
  bool wait(FutureState& state, TimePoint until);

  /// Reads the inbox, unless another thread does so just now.
  void drain_now() {
    lead_once();
    acknowledge();
  }

  /// Gives `cell` its turns on the node's thread. From any thread.
  void schedule(LocalCell& cell);
  /// Has `look_for_stuck` called soon. From any thread.
  void watch_turns();
  /// The calling thread runs the loop.
  [[nodiscard]] bool on_thread() const noexcept { return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

 private:
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

/// Says that the calling thread waits, for a scope: the executor lets another run instead.
/// @throws Misuse  too many wait already
class BlockingScope {
 public:
  explicit BlockingScope(class NodeCore& node);
  ~BlockingScope();
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;

 private:
  NodeCore& node_;
};

}  // namespace troupe::detail
