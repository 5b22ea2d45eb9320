// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who moves a node's frames, events and timers on, and how a thread waits meanwhile: the seam for tests.
#pragma once

#include <functional>

#include <troupe/node/clock.hpp>

namespace troupe::detail {

class FutureState;
class LocalCell;
class NodeCore;
class Parker;

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

/// Threads: every member from any, unless it says otherwise.
class Loop {
 public:
  virtual ~Loop() = default;

  /// The inbox's descriptor; once, before the loop runs.
  virtual void set_inbox(int descriptor) = 0;
  /// Calls `ready` on the node's thread while `descriptor` is readable.
  virtual void watch(int descriptor, std::function<void()> ready) = 0;
  virtual void unwatch(int descriptor) = 0;
  /// Has the loop look around again.
  virtual void wake() noexcept = 0;

  /// Runs the loop on the calling thread until `stop` or `leave`.
  /// @param first  run before, as a turn: it may wait for answers, which the standby thread sees to. Empty: nothing
  /// @throws what `first` throws
  virtual void run(const std::function<void()>& first) = 0;
  virtual void start_thread() = 0;
  /// Ends the loop, and its thread if it has one. From any thread but the loop's own.
  virtual void stop() = 0;
  /// Ends the loop; from the loop's own thread.
  virtual void leave() noexcept = 0;

  /// Waits until `state` is settled or `until`. @returns whether it is
  virtual bool wait(FutureState& state, TimePoint until) = 0;
  /// Waits until `parker`, the calling thread's, is woken, or `until`. Spurious returns are possible.
  virtual void sleep(Parker& parker, TimePoint until) = 0;

  /// Reads the inbox, unless another thread does so just now.
  virtual void drain_now() = 0;
  /// Gives `cell` its turns on the node's thread.
  virtual void schedule(LocalCell& cell) = 0;
  /// Has `look_for_stuck` called soon.
  virtual void watch_turns() = 0;
};

/// Says that the calling thread waits, for a scope: the executor lets another run instead.
/// @throws Misuse  too many wait already
class BlockingScope {
 public:
  explicit BlockingScope(NodeCore& node);
  ~BlockingScope();
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;

 private:
  NodeCore& node_;
};

}  // namespace troupe::detail
