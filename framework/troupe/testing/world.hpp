// troupe: actors in processes. Apache-2.0, see LICENSE.
// Several nodes in one thread, in virtual time, by a seed: for tests that break connections and nodes, and can be repeated.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/node.hpp>
#include <troupe/testing/faults.hpp>

namespace troupe::detail {
class Simulation;
}

namespace troupe::testing {

/// The same seed, program and calls bring the same steps in the same order.
///
/// A step is one turn of an actor, the arrival of frames, an event of a connection, a look at the timers, or a callback of a future;
/// which of those that are due comes next is drawn. A step takes a microsecond of virtual time; when none is due, time leaps. A call
/// that waits (`get`, `lock`, `Queue::get`) takes steps until it has what it waits for, in the test as well as in handlers; a wait
/// within a wait ends before the outer one goes on.
///
/// The workers of a pool are actors of its node, and have its tasks one at a time. What it leaves out: processes (`own_process` is
/// misuse), shared memory (values and arrays lie at their owners), signals. What an
/// actor draws or reads from elsewhere (time of day, addresses of objects) is not of the seed.
///
/// Lifetime: its end ends its nodes, in the order in which they were made. Refs, futures and handles of its nodes must go before it.
/// Threads: one: all calls, of it and of its nodes, on the thread that made it.
class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// The node of this name; made, if there is none or it was killed or ended.
  /// @param options  of a node that is made; signals, processes and shared memory aside
  Node& node(const std::string& name, NodeOptions options = {});
  /// Ends a node in order.
  /// @throws Misuse  there is none
  void end(const std::string& name);
  /// Ends a node as SIGKILL ends a process: at once, in the middle of everything. Of what it has sent, some arrives. Its actors stay
  /// as they are until the World ends, and are then destroyed without `on_stop`.
  /// @throws Misuse  there is none
  void kill(const std::string& name);
  /// The actor as an actor at `from` sees it: what is told through it passes through the connection between the two nodes.
  template <class A>
  [[nodiscard]] Ref<A> seen_from(Node& from, const Ref<A>& ref) {
    return Ref<A>{cell_seen_from(from, ref.pointer())};
  }

  // --- What goes wrong ---

  /// From now on.
  void faults(const Faults& faults);
  /// Breaks the connections between two nodes once; they connect anew.
  void cut(const std::string& one, const std::string& other);
  /// From now on nothing passes between nodes of different groups; nodes in no group reach all.
  void partition(const std::vector<std::vector<std::string>>& groups);
  /// Ends the partition, and all faults.
  void heal();

  // --- What happens ---

  /// Takes one step; time leaps to it. @returns false: nothing will ever happen
  bool step();
  /// Takes steps until no actor has anything to do and nothing is on its way or has to be sent again. Time passes for that, but not
  /// for timers that somebody waits for.
  void run();
  /// Takes steps for so long, and lets the rest of it pass.
  void run_for(Duration time);
  /// Takes steps until `done`. @returns false: not within `patience`
  bool run_until(const std::function<bool()>& done, Duration patience = default_patience);

  /// Of all nodes.
  [[nodiscard]] TimePoint now() const noexcept;
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  /// The next number by the seed, for what the test itself draws.
  [[nodiscard]] std::uint64_t random();
  [[nodiscard]] std::uint64_t steps() const noexcept;
  /// Of all steps so far, in their order: equal for equal runs.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept;
  /// Has `narrator` called with a line for each step, before it; an empty one ends that.
  void narrate(std::function<void(std::string_view)> narrator);

 private:
  [[nodiscard]] static detail::CellPointer cell_seen_from(Node& from, const detail::CellPointer& cell);

  const std::uint64_t seed_;
  const std::unique_ptr<detail::Simulation> simulation_;
};

}  // namespace troupe::testing
