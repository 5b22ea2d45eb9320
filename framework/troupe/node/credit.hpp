// troupe: actors in processes. Apache-2.0, see LICENSE.
// Flow control per link and receiving actor: a full mailbox stops only those who write to it, and no memory grows.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/hello.hpp>

namespace troupe::detail {

// Windows are what one peer may have under way to one actor, in messages and in bytes with their headers.

constexpr std::uint64_t first_window_messages = 64;
constexpr std::uint64_t first_window_bytes = 64 << 10;
constexpr std::uint64_t most_window_messages = 16'384;  // shared by all peers that write to the actor
constexpr std::uint64_t most_window_bytes = 4 << 20;    // the same: what the processor's cache holds

/// What an envelope counts, at both ends.
constexpr std::uint64_t credit_bytes(std::size_t payload) noexcept { return sizeof(EnvelopeHeader) + padded(payload); }

/// What may be sent to one actor of the peer. Totals, so that a grant that was lost with its connection is made good by the next.
///
/// Threads: guarded by the session.
struct Credit {
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_granted = first_window_messages;
  std::uint64_t bytes_granted = first_window_bytes;
  std::vector<Counted<TypedState<void>>> waiting_threads;
  std::vector<Counted<Cell>> waiting_senders;  // in whose outboxes messages for it lie

  /// The next message may go, also one that is larger than what is left: a window never keeps a message back for good.
  [[nodiscard]] bool open() const noexcept { return messages_sent < messages_granted && bytes_sent < bytes_granted; }
};

/// What one actor of ours has taken of what the peer sent it, and what the peer may send.
///
/// Lifetime: until the actor has ended; what waits in its mailbox points here.
/// Threads: `came` and `refused` by who drains the inbox; `take` in the actor's turns; `grant` under the session's mutex.
class Intake {
 public:
  explicit Intake(Counted<LocalCell> cell);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  [[nodiscard]] LocalCell& cell() const noexcept { return *cell_; }

  /// A message begins its turn, or is discarded in one. @returns whether it is time to grant
  bool take(std::uint64_t bytes) noexcept {
    const std::uint64_t messages = taken_messages_.load(std::memory_order_relaxed) + 1;
    const std::uint64_t all_bytes = taken_bytes_.load(std::memory_order_relaxed) + bytes;
    taken_messages_.store(messages, std::memory_order_relaxed);
    taken_bytes_.store(all_bytes, std::memory_order_relaxed);
    return due(messages + refused_messages_.load(std::memory_order_relaxed), all_bytes + refused_bytes_.load(std::memory_order_relaxed));
  }
  /// A message came that is not for its mailbox. @returns whether it is time to grant
  bool refuse(std::uint64_t bytes) noexcept;

  /// Moves the window on, and adapts it: it holds what the actor takes in about 10 ms. @returns the new totals
  [[nodiscard]] Grant grant(TimePoint now) noexcept;
  /// What was granted last.
  [[nodiscard]] const Grant& granted() const noexcept { return granted_; }

 private:
  [[nodiscard]] bool due(std::uint64_t messages, std::uint64_t bytes) const noexcept {
    return messages >= due_messages_.load(std::memory_order_relaxed) || bytes >= due_bytes_.load(std::memory_order_relaxed);
  }

  const Counted<LocalCell> cell_;
  std::atomic<std::uint64_t> taken_messages_{0};
  std::atomic<std::uint64_t> taken_bytes_{0};
  std::atomic<std::uint64_t> refused_messages_{0};
  std::atomic<std::uint64_t> refused_bytes_{0};
  std::atomic<std::uint64_t> due_messages_{first_window_messages / 2};
  std::atomic<std::uint64_t> due_bytes_{first_window_bytes / 2};
  // Under the session's mutex:
  std::uint64_t window_messages_ = first_window_messages;
  std::uint64_t window_bytes_ = first_window_bytes;
  std::uint64_t last_messages_ = 0;  // taken at the last grant
  std::uint64_t last_bytes_ = 0;
  TimePoint last_time_{};
  Grant granted_;
};

}  // namespace troupe::detail
