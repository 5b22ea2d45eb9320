// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages that are too large for one frame, on their way out in parts, so that others may overtake them; and put together again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include <troupe/wire/block.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

/// What a session has yet to send of large messages, and what must not overtake them.
///
/// Threads: guarded by the session.
class BulkOut {
 public:
  /// How large messages are cut.
  struct Sizes {
    std::size_t part_bytes;
    std::size_t whole_bytes;      // a message of up to so many leaves in one frame
    std::size_t under_way_bytes;  // the most that others wait behind
  };
  /// On one host. On ipc, parts of 64 KiB reached half of what a message in one frame does, of 256 KiB three quarters: each is copied
  /// once more. And what passes in under a millisecond is in nobody's way.
  static constexpr Sizes at_once{256 << 10, (1 << 20) + (64 << 10), 1 << 20};
  /// Where a line may be slow: at 1 Mbit/s a part takes half a second.
  static constexpr Sizes between_hosts{64 << 10, 64 << 10, 256 << 10};
  explicit BulkOut(const Sizes& sizes) noexcept : sizes_{&sizes} {}

  /// Whether a message, with its headers, is too large for one frame.
  [[nodiscard]] bool takes(std::size_t bytes) const noexcept { return bytes > sizes_->whole_bytes; }
  /// The most of large messages that may be unacknowledged.
  [[nodiscard]] std::size_t under_way_bytes() const noexcept { return sizes_->under_way_bytes; }

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  /// Of what waits.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Whether a message from `sender` to `target` must wait here, to keep its place behind one that does.
  [[nodiscard]] bool precedes(std::uint64_t sender, std::uint64_t target) const noexcept;
  /// Whether anything for `target` waits.
  [[nodiscard]] bool holds_for(std::uint64_t target) const noexcept;

  /// @param message  room for a frame's header, then the envelope that begins with `header`, padded
  void push(const EnvelopeHeader& header, Block message);
  /// The next frame, with room for its header. @pre not empty
  [[nodiscard]] Block next_frame();
  /// Calls `visit(header)` with the header of each envelope that is not sent, or not wholly.
  template <class Visit>
  void each(Visit visit) const {
    for (const Waiting& waiting : waiting_) visit(waiting.header);
  }

 private:
  struct Waiting {
    EnvelopeHeader header;
    Block message;
    std::size_t sent = 0;  // bytes of the envelope
  };
  const Sizes* sizes_;
  std::deque<Waiting> waiting_;
  std::size_t bytes_ = 0;
};

/// A large message that comes in parts. The peer sends one after the other.
///
/// Threads: of who drains the inbox.
class BulkIn {
 public:
  /// Takes one part. @returns the block of a frame, as ReceivedFrame wants it, if this was the last part; else an empty one
  /// @param most_bytes  a larger message is refused before memory is taken
  /// @throws Malformed  it does not continue what came, or the message is too large; what came of it is dropped
  [[nodiscard]] Block add(const EnvelopeHeader& part, const std::byte* payload, std::size_t most_bytes);

 private:
  Block frame_;
  std::size_t total_ = 0;  // of the envelope
  std::size_t came_ = 0;
};

}  // namespace troupe::detail
