// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pooled, reference-counted piece of memory: what frames are built in, kept in and received into.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace troupe::detail {

/// A handle to bytes that several holders share: a session that keeps a frame until it is acknowledged, the transport
/// that still sends it, mailboxes whose messages lie in it. Copies share; the last holder gives the memory back to the pool.
///
/// Threads: distinct handles may be used from distinct threads; the bytes themselves are not guarded.
class Block {
 public:
  Block() noexcept = default;
  Block(const Block& other) noexcept : head_{other.head_} {
    if (head_ != nullptr) head_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Block(Block&& other) noexcept : head_{std::exchange(other.head_, nullptr)} {}
  Block& operator=(Block other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~Block() {
    if (head_ != nullptr) drop(head_);
  }

  /// A block of size 0 with room for at least `capacity` bytes, aligned to 16.
  /// @throws std::bad_alloc  there is no memory; nothing happened
  [[nodiscard]] static Block make(std::size_t capacity);

  explicit operator bool() const noexcept { return head_ != nullptr; }
  [[nodiscard]] std::byte* data() noexcept { return head_ == nullptr ? nullptr : bytes(head_); }
  [[nodiscard]] const std::byte* data() const noexcept { return head_ == nullptr ? nullptr : bytes(head_); }
  [[nodiscard]] std::size_t size() const noexcept { return head_ == nullptr ? 0 : head_->size; }
  [[nodiscard]] std::size_t capacity() const noexcept { return head_ == nullptr ? 0 : head_->capacity; }
  [[nodiscard]] std::span<const std::byte> view() const noexcept { return {data(), size()}; }
  /// Sets the size; `bytes` is at most `capacity()`. New bytes are not initialised.
  void resize(std::size_t bytes) noexcept { head_->size = bytes; }

  /// Gives this handle's share away as a plain pointer, for callbacks of C libraries; `adopt` takes it back.
  [[nodiscard]] void* release() noexcept { return std::exchange(head_, nullptr); }
  [[nodiscard]] static Block adopt(void* released) noexcept {
    Block block;
    block.head_ = static_cast<Head*>(released);
    return block;
  }

 private:
  struct alignas(16) Head {
    std::atomic<std::uint32_t> references;
    std::uint32_t size_class;
    std::size_t capacity;
    std::size_t size;
    Head* next;  // in the pool's free list
  };
  friend struct BlockPool;
  friend struct BlockAtHand;

  static std::byte* bytes(Head* head) noexcept { return reinterpret_cast<std::byte*>(head + 1); }
  static void drop(Head* head) noexcept {
    // A sole holder needs no locked instruction: nobody else can add a share.
    if (head->references.load(std::memory_order_acquire) == 1 || head->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      give_back(head);
  }
  static void give_back(Head* head) noexcept;
  static void pool(Head* head) noexcept;

  Head* head_ = nullptr;
};

}  // namespace troupe::detail
