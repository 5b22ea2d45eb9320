// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a node finishes: it refuses new work, and looks at its actors, children and sessions until nothing moves.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/drain_report.hpp>
#include <troupe/node/future_state.hpp>

namespace troupe::detail {

class LocalCell;
class NodeCore;
class Session;
struct TypeName;

/// What one look at a process and its children has found, as it travels.
struct Findings {
  /// Somebody has handled a message since the last look, or could not be looked at.
  bool moved = false;
  std::vector<StillBusy> busy;
};

/// A node is quiet when two looks, one after the other, find nobody busy and that nobody has handled a message between them: a look
/// takes its place in each mailbox, so all were empty at the moment between the two. What is on its way between processes is
/// unacknowledged at its sender, whose sessions are looked at last.
///
/// Threads: safe.
class Drain {
 public:
  explicit Drain(NodeCore& node) : node_{node} {}

  /// Who refuses a thread: it gets an error, or, since the program was told to end, waits for that.
  enum class Refusal : std::uint8_t { error, wait };
  void begin(Refusal refusal) noexcept;
  [[nodiscard]] bool begun() const noexcept { return begun_.load(); }
  /// Whether a message of `type` from a thread is refused. What handles of patterns say is not: others may wait for it.
  [[nodiscard]] bool refuses(std::string_view type) const noexcept { return begun() && !type.starts_with("troupe::detail::"); }
  /// @throws Closed
  [[noreturn]] void refuse() const;

  /// Begins, and returns when everything is quiet or `until`. Blocks.
  [[nodiscard]] DrainReport run(Refusal refusal, TimePoint until);
  /// Begins, looks, and answers `ask` of the owner.
  void look_for(std::shared_ptr<Session> session, std::uint64_t ask, Duration patience);

 private:
  class Look;
  class LookJob;
  class Reported;

  /// What each actor had handled at the last of the looks of one who drains.
  struct Seen {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::uint64_t> handled;
  };

  /// Looks once, for at most `patience`. @returns ends by then, with a value
  [[nodiscard]] Counted<TypedState<Findings>> look(std::shared_ptr<Seen> seen, Duration patience);
  [[nodiscard]] Duration in_turn_for(const LocalCell& cell);

  NodeCore& node_;
  std::atomic<bool> begun_{false};
  std::atomic<Refusal> refusal_{Refusal::error};

  struct Stuck {
    std::uint64_t turn;
    TimePoint since;
  };
  const std::shared_ptr<Seen> seen_for_owner_ = std::make_shared<Seen>();
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Stuck> stuck_;  // by actor: the turn in which it was found
};

}  // namespace troupe::detail
