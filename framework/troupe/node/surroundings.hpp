// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a node stands on: time, chance, threads and transport. A test puts others in their place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <troupe/node/clock.hpp>

namespace troupe {
struct NodeOptions;
}

namespace troupe::detail {

class Executor;
class Loop;
class LoopClient;
class Timers;
class Transport;

/// Lifetime: the node's, which owns it.
/// Threads: `random_number` and the clock from any; the rest by who makes the node.
class Surroundings {
 public:
  virtual ~Surroundings() = default;

  [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
  /// Never 0.
  [[nodiscard]] virtual std::uint64_t random_number() = 0;
  [[nodiscard]] virtual std::shared_ptr<Transport> make_transport() = 0;
  [[nodiscard]] virtual std::unique_ptr<Loop> make_loop(LoopClient& client, Timers& timers) = 0;
  /// @param watch  has `look_for_stuck` called soon
  [[nodiscard]] virtual std::unique_ptr<Executor> make_executor(const NodeOptions& options, std::function<void()> watch) = 0;
  /// Called for each callback of a future, which somebody then runs; empty: a thread of the node's does.
  [[nodiscard]] virtual std::function<void()> callback_waits() = 0;
  /// Whether there may be other processes.
  [[nodiscard]] virtual bool has_processes() const noexcept = 0;
};

/// The steady clock, numbers of the kernel's, threads, ZeroMQ.
[[nodiscard]] std::unique_ptr<Surroundings> real_surroundings();

}  // namespace troupe::detail
