// troupe: actors in processes. Apache-2.0, see LICENSE.
// Bytes that grow in a block: what messages are encoded into.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include <troupe/wire/block.hpp>

namespace troupe::detail {

/// Bytes that grow in a block, behind `headroom` bytes that are left free for headers written later.
///
/// Threads: one at a time.
class Encoded {
 public:
  explicit Encoded(std::size_t headroom = 0) noexcept : headroom_{headroom} {}
  Encoded(Encoded&& other) noexcept { *this = std::move(other); }
  Encoded& operator=(Encoded&& other) noexcept {
    block_ = std::move(other.block_);
    headroom_ = other.headroom_;
    end_ = std::exchange(other.end_, nullptr);
    limit_ = std::exchange(other.limit_, nullptr);
    return *this;
  }

  /// The bytes; pointers into them hold until the next growth.
  [[nodiscard]] std::byte* data() noexcept { return block_ ? block_.data() + headroom_ : nullptr; }
  [[nodiscard]] const std::byte* data() const noexcept { return block_ ? block_.data() + headroom_ : nullptr; }
  /// In bytes, without the headroom.
  [[nodiscard]] std::size_t size() const noexcept { return end_ == nullptr ? 0 : static_cast<std::size_t>(end_ - data()); }
  [[nodiscard]] std::span<const std::byte> view() const noexcept { return {data(), size()}; }
  /// The `headroom` bytes before `data()`; null while nothing was appended.
  [[nodiscard]] std::byte* head() noexcept { return block_.data(); }
  [[nodiscard]] std::size_t headroom() const noexcept { return headroom_; }

  /// Appends `bytes` bytes that the caller writes.
  [[nodiscard]] std::byte* extend(std::size_t bytes) {
    if (static_cast<std::size_t>(limit_ - end_) < bytes || end_ == nullptr) grow(bytes);
    return std::exchange(end_, end_ + bytes);
  }
  void append(const void* bytes, std::size_t count) {
    std::byte* const to = extend(count);
    if (count != 0) std::memcpy(to, bytes, count);
  }
  /// Drops what lies behind `size`, which is at most `size()`.
  void truncate(std::size_t size) noexcept {
    if (end_ != nullptr) end_ = data() + size;
  }

  /// Empties it; the memory stays.
  void clear(std::size_t headroom = 0) noexcept {
    headroom_ = headroom;
    if (block_ && block_.capacity() < headroom) block_ = Block{};
    end_ = data();
    limit_ = block_ ? block_.data() + block_.capacity() : nullptr;
  }

  /// The block with headroom and bytes, its size set; empty afterwards, with the same headroom.
  [[nodiscard]] Block take() {
    if (!block_) grow(0);
    block_.resize(headroom_ + size());
    end_ = limit_ = nullptr;
    return std::exchange(block_, Block{});
  }

 private:
  void grow(std::size_t bytes) {
    const std::size_t used = size();
    const std::size_t needed = headroom_ + used + bytes;
    const std::size_t doubled = 2 * block_.capacity();
    Block larger = Block::make(needed > doubled ? needed : doubled);
    if (block_) std::memcpy(larger.data(), block_.data(), headroom_ + used);
    block_ = std::move(larger);
    end_ = data() + used;
    limit_ = block_.data() + block_.capacity();
  }

  Block block_;
  std::size_t headroom_ = 0;
  std::byte* end_ = nullptr;
  std::byte* limit_ = nullptr;
};

}  // namespace troupe::detail
