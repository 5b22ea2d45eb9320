// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a Supervisor: which children it has, what it does when one ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/spawn.hpp>
#include <troupe/actor/supervisor_options.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/node/entry.hpp>
#include <troupe/node/seat.hpp>
#include <troupe/wire/encoded.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

/// How a child is begun, as often as need be. One of the three.
struct ChildRecipe {
  std::string name;
  ChildOptions options;
  // In this process:
  const Behaviour* behaviour = nullptr;
  std::function<void*()> construct;
  // In a process of its own:
  Place place = own_process;
  EntryFunction entry = nullptr;
  Encoded arguments;
  // A supervisor:
  std::optional<SupervisorOptions> nested;
  std::shared_ptr<std::atomic<std::uint64_t>> restarts;
};

/// The supervisor above a nested one.
struct SupervisorAbove {
  Counted<LocalCell> cell;
  std::uint64_t child = 0;  // what it calls us
};

/// Looks at deadlines and pauses.
struct Look {};

/// Children are restarted in groups: the members of one are halted in reverse order of start, one by one; after the pause they are
/// started in order, one by one. Groups that overlap become one. So there is one rule for all strategies.
///
/// Lifetime: an actor; its children end before it.
class SupervisorActor final : public Actor<SupervisorActor, Look> {
 public:
  SupervisorActor(const SupervisorOptions& options, std::shared_ptr<std::atomic<std::uint64_t>> restarts,
                  std::optional<SupervisorAbove> above);
  ~SupervisorActor() override;

  void on(const Look&) { step(); }

  // In turns:

  /// @throws what the constructor threw, or Closed: nothing was added
  [[nodiscard]] CellPointer begin_child(std::shared_ptr<const ChildRecipe> spec);
  /// Ends a child for good.
  void end_child(const Address& address);
  void child_started(std::uint64_t id);
  /// It has ended, and its seat or cell waits for what is decided.
  void child_vacant(std::uint64_t id, Exit reason, const std::shared_ptr<const ErrorInfo>& error);
  /// By the supervisor above: all children end, and wait for `restart_all`.
  void halt_all(std::shared_ptr<const ErrorInfo> why);
  void restart_all();

 private:
  enum class Mode : std::uint8_t { running, halting, halted, ending, ended };
  enum class State : std::uint8_t { up, halting, vacant, starting, ending };
  struct Child {
    std::uint64_t id = 0;
    std::shared_ptr<const ChildRecipe> spec;
    State state = State::up;
    CellPointer cell;                       // what refs to it hold: its own, or its seat
    CellPointer process;                    // that sits there
    Ending last;                            // of the process before
    unsigned urged = 0;                     // to end, beyond the first word
    TimePoint deadline = TimePoint::max();  // of its end
    std::deque<TimePoint> recent;           // restarts that it caused

    [[nodiscard]] bool is_process() const noexcept { return spec->entry != nullptr; }
    [[nodiscard]] bool is_supervisor() const noexcept { return spec->nested.has_value(); }
    [[nodiscard]] LocalCell& local() const noexcept { return static_cast<LocalCell&>(*cell); }
    [[nodiscard]] SeatCell& seat() const noexcept { return static_cast<SeatCell&>(*cell); }
  };
  struct Group {
    std::vector<std::uint64_t> members;  // in order of start
    TimePoint not_before{};
    bool starting = false;
  };

  void step();
  bool step_group(Group& group);
  /// @returns whether all of them are vacant
  bool halt_last(const std::vector<std::uint64_t>& members);
  /// @returns whether all children have ended
  bool end_last();
  void watch_over(const CellPointer& cell);
  void begin_process(Child& child);
  void start(Child& child);
  void halt(Child& child);
  void end(Child& child);
  void await_end(Child& child);
  void look_at_deadline(Child& child);
  [[nodiscard]] Ending last_word(const Child& child) const;
  void child_ended(const Address& address, const Ending& ending);
  void recover(Child& child, Exit reason, const std::shared_ptr<const ErrorInfo>& error);
  [[nodiscard]] Duration pause_for(const Child& child) const;
  [[nodiscard]] std::vector<std::uint64_t> affected_by(const Child& child) const;
  void give_up(const std::shared_ptr<const ErrorInfo>& error);
  bool defer_end(const std::shared_ptr<const ErrorInfo>& why);
  void tell_above(std::function<void(SupervisorActor&)> work) const;
  void look_at(TimePoint when);
  [[nodiscard]] Child* find(std::uint64_t id);
  [[nodiscard]] std::vector<std::uint64_t> all() const;
  [[nodiscard]] TimePoint now() const;

  const SupervisorOptions options_;
  const std::shared_ptr<std::atomic<std::uint64_t>> restarts_;
  const std::optional<SupervisorAbove> above_;
  Mode mode_ = Mode::running;
  std::vector<std::unique_ptr<Child>> children_;  // in order of start
  std::vector<Group> groups_;
  std::deque<TimePoint> recent_;  // restarts within `within`
  std::uint64_t next_child_ = 1;
  bool report_started_ = false;
  std::shared_ptr<const ErrorInfo> why_;  // it gave up, or ends not by itself
};

/// Has `work` done in a turn of the supervisor in `cell`. @returns false: it has ended
bool post_to_supervisor(LocalCell& cell, std::function<void(SupervisorActor&)> work);

/// In a turn of the supervisor in `cell`; for any thread. @throws as `begin_child`
/// Blocks until the child has begun.
[[nodiscard]] CellPointer spawn_child(LocalCell& cell, std::shared_ptr<const ChildRecipe> spec);

}  // namespace troupe::detail
