// troupe: actors in processes. Apache-2.0, see LICENSE.
// A frame that came: copied once into a pooled block, in which its messages wait in their mailboxes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include <troupe/node/mailbox.hpp>
#include <troupe/wire/block.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

class Intake;
class Session;

/// Lies at the beginning of its own block; the frame's bytes follow at a multiple of 16.
///
/// Lifetime: one pin per message that lies in it, and one of who delivers them.
class ReceivedFrame {
 public:
  [[nodiscard]] static ReceivedFrame* copy(std::span<const std::byte> bytes, std::shared_ptr<Session> session) {
    Block block = block_for(bytes.size());
    std::memcpy(block.data() + header_bytes, bytes.data(), bytes.size());
    return over(std::move(block), std::move(session));
  }
  /// A block for a frame of so many bytes, which begin at `header_bytes`.
  [[nodiscard]] static Block block_for(std::size_t bytes) {
    Block block = Block::make(header_bytes + bytes);
    block.resize(header_bytes + bytes);
    return block;
  }
  /// @param block  made by `block_for`, and filled
  [[nodiscard]] static ReceivedFrame* over(Block block, std::shared_ptr<Session> session) {
    void* place = block.data();
    return new (place) ReceivedFrame{std::move(block), std::move(session)};
  }

  void pin() noexcept { pins_.fetch_add(1, std::memory_order_relaxed); }
  void unpin() noexcept {
    if (pins_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    const Block last = std::move(block_);
    this->~ReceivedFrame();
  }

  [[nodiscard]] std::span<std::byte> bytes() noexcept {
    return {reinterpret_cast<std::byte*>(this) + header_bytes, block_.size() - header_bytes};
  }
  [[nodiscard]] const std::shared_ptr<Session>& session() const noexcept { return session_; }

  /// The frame in which `node` lies. @pre it is of kind `frame`
  [[nodiscard]] static ReceivedFrame& of(const MailNode& node) noexcept {
    return *reinterpret_cast<ReceivedFrame*>(node.origin & ~MailNode::kind_bits);
  }

  /// What lies before the frame in its block: this.
  static constexpr std::size_t header_bytes = 48;

 private:
  ReceivedFrame(Block block, std::shared_ptr<Session> session) noexcept : block_{std::move(block)}, session_{std::move(session)} {}
  ~ReceivedFrame() = default;

  std::atomic<std::uint32_t> pins_{1};
  Block block_;
  std::shared_ptr<Session> session_;
};

/// What the receiver writes over a received envelope's header: the same bytes, with what it has found out.
struct ReceivedMessage {
  MailNode node;
  std::uint32_t payload_bytes;
  std::uint16_t handler;  // index in the target's behaviour
  EnvelopeKind kind;
  std::uint8_t flags;
  Intake* intake;  // lives as long as the mailbox is open
  std::uint64_t ask;
  std::int64_t deadline;  // in nanoseconds of the receiver's clock; 0: none

  /// Its turn begins, or it is discarded in one: its sender may send more.
  void take() const;
  [[nodiscard]] std::span<const std::byte> payload() const noexcept {
    return {reinterpret_cast<const std::byte*>(this) + sizeof(ReceivedMessage), payload_bytes};
  }
};
static_assert(sizeof(ReceivedMessage) == sizeof(EnvelopeHeader));

}  // namespace troupe::detail
