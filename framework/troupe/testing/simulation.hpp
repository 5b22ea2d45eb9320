// troupe: actors in processes. Apache-2.0, see LICENSE.
// The course of a World: virtual time, chance, and one event after the other, on the thread that asks for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/loop.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/surroundings.hpp>
#include <troupe/testing/network.hpp>

namespace troupe::detail {

/// Stands still but for steps, and leaps when there is nothing to do.
class VirtualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  void set(TimePoint now) noexcept { now_ = now; }

 private:
  TimePoint now_{std::chrono::hours{1}};
};

/// One node of a World: what it waits to have done.
struct Stand {
  Stand(std::string of, std::uint64_t stands_at);
  ~Stand();
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  const std::string name;
  const std::uint64_t number;
  bool living = true;   // else it was killed, and others cannot reach it
  bool running = true;  // its steps are taken
  LoopClient* client = nullptr;
  Timers* timers = nullptr;
  bool woken = true;
  TimePoint next_timer = TimePoint::max();
  std::size_t callbacks = 0;
  std::vector<LocalCell*> ready;
  std::map<int, std::function<void()>> watched;  // by descriptor
  std::unique_ptr<Node> node;                    // null: it has ended, or is about to
  NodeCore* core = nullptr;                      // also while the node ends
  std::unique_ptr<NodeCore> remains;             // once it has ended
};

/// Threads: one.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // --- Chance ---

  [[nodiscard]] std::uint64_t random() noexcept;
  /// Of 0 to `count` - 1; `count` is not 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t count) noexcept { return random() % count; }
  [[nodiscard]] bool chance(double probability) noexcept;
  [[nodiscard]] Duration up_to(Duration longest) noexcept;

  // --- Nodes ---

  Stand& add(const std::string& name, NodeOptions options);
  [[nodiscard]] Stand* find(std::string_view name) noexcept;
  /// Ends its node in order.
  void end(Stand& stand);
  /// It takes no further step.
  void kill(Stand& stand);
  [[nodiscard]] Network& network() noexcept { return network_; }

  // --- Steps ---

  [[nodiscard]] const VirtualClock& clock() const noexcept { return clock_; }
  /// Takes one step, if there is one to take now. @returns whether there was
  bool step_now();
  /// Lets time pass until there is a step to take, `until` at most. @returns false: it is `until`, or nothing will ever happen
  bool advance(TimePoint until);
  /// Takes steps until `done` or `until`. @returns the former
  /// @throws Misuse  nothing will ever happen, and `until` is the end of time; or too many waits lie within each other
  bool drive(const std::function<bool()>& done, TimePoint until);
  /// Whether something is on its way between nodes, or has to be sent again.
  [[nodiscard]] bool anything_under_way() const;

  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  std::function<void(std::string_view)> narrator;

 private:
  enum class Kind : std::uint8_t { turn, frames, settle, callback, link };
  struct Choice {
    Stand* stand;
    Kind kind;
    std::size_t which;  // the place of an actor, the descriptor of a link
  };

  void collect();
  void take(const Choice& choice);
  void turn(Stand& stand, std::size_t place);
  void note(const Choice& choice);

  VirtualClock clock_;
  std::uint64_t state_;
  Network network_;
  std::vector<std::unique_ptr<Stand>> stands_;
  std::vector<Choice> choices_;
  std::uint64_t steps_ = 0;
  std::uint64_t fingerprint_ = 0xcbf29ce484222325;
  unsigned waits_ = 0;  // within each other
};

/// What a node of a World stands on.
[[nodiscard]] std::unique_ptr<Surroundings> simulated_surroundings(Simulation& simulation, Stand& stand);

}  // namespace troupe::detail
