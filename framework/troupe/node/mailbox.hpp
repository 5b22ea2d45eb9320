// troupe: actors in processes. Apache-2.0, see LICENSE.
// What waits for an actor: an intrusive stack that many push to and one empties.
#pragma once

#include <atomic>
#include <cstdint>

namespace troupe::detail {

class LocalCell;

/// A message in a mailbox. For messages from other processes it lies over the first 16 bytes of their envelope.
struct MailNode {
  /// What `origin` points to, in its two lowest bits.
  enum Kind : std::uintptr_t { local = 0, frame = 1, job = 2, encoded = 3 };  // the last one in outboxes only
  static constexpr std::uintptr_t kind_bits = 3;

  MailNode* next;
  std::uintptr_t origin;

  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(origin & kind_bits); }
};
static_assert(sizeof(MailNode) == 16);

/// One atomic word says what was pushed last, and whether the owner sleeps (nobody will look until it is scheduled again) or
/// is gone. After Treiber's stack; the owner takes all at once and turns the order round. What it has taken lies apart: who pushes
/// shall not wait for a line of memory that the owner writes with each message.
///
/// Threads: `push`, `closed`, `nothing_new`, `mark` and `oldest` from any; the rest by the owner, one at a time.
class Mailbox {
 public:
  enum class Pushed : std::uint8_t { queued, wake_owner, closed };

  /// What the owner has taken and not handled; only the owner writes here.
  struct Taken {
    std::atomic<MailNode*> first{nullptr};
    std::atomic<std::uint32_t> since{0};  // its mark
  };

  Pushed push(MailNode* node) noexcept {
    MailNode* last = last_.load(std::memory_order_relaxed);
    do {
      if (last == closed_tag()) return Pushed::closed;
      node->next = last == sleeping_tag() ? nullptr : last;
    } while (!last_.compare_exchange_weak(last, node, std::memory_order_acq_rel, std::memory_order_relaxed));
    return last == sleeping_tag() ? Pushed::wake_owner : Pushed::queued;
  }

  /// The owner is at work, and nothing was put since it looked last.
  [[nodiscard]] bool nothing_new() const noexcept { return last_.load(std::memory_order_relaxed) == nullptr; }
  /// What is put next is the first that waits, from `time` on, which means nothing here; not 0. To be called before `push`, behind
  /// which all may be gone; so of two who put at the same time either may have marked, or both.
  void mark(std::uint32_t time) noexcept { since_.store(time, std::memory_order_relaxed); }
  /// The mark of what has waited longest, or of what was taken together with it; 0: there is none.
  [[nodiscard]] std::uint32_t oldest(const Taken& taken) const noexcept {
    const auto& of = taken.first.load(std::memory_order_relaxed) != nullptr ? taken.since : since_;
    return of.load(std::memory_order_relaxed);
  }

  /// The next message in order; null if there is none now.
  [[nodiscard]] MailNode* pop(Taken& taken) noexcept {
    MailNode* node = taken.first.load(std::memory_order_relaxed);
    if (node == nullptr) {
      if (last_.load(std::memory_order_relaxed) == nullptr) return nullptr;
      node = reversed(last_.exchange(nullptr, std::memory_order_acquire));
      taken.since.store(since_.load(std::memory_order_relaxed), std::memory_order_relaxed);
      since_.store(0, std::memory_order_relaxed);
    }
    taken.first.store(node->next, std::memory_order_relaxed);
    return node;
  }

  /// @returns false: something came, do not sleep
  [[nodiscard]] bool sleep() noexcept {
    MailNode* expected = nullptr;
    return last_.compare_exchange_strong(expected, sleeping_tag(), std::memory_order_acq_rel);
  }

  /// Takes no more. @returns what was left, in order
  [[nodiscard]] MailNode* close(Taken& taken) noexcept {
    MailNode* rest = reversed(last_.exchange(closed_tag(), std::memory_order_acq_rel));
    MailNode* all = taken.first.load(std::memory_order_relaxed);
    if (all == nullptr) return rest;
    MailNode* end = all;
    while (end->next != nullptr) end = end->next;
    end->next = rest;
    taken.first.store(nullptr, std::memory_order_relaxed);
    return all;
  }

  [[nodiscard]] bool closed() const noexcept { return last_.load(std::memory_order_acquire) == closed_tag(); }

 private:
  static MailNode* sleeping_tag() noexcept { return reinterpret_cast<MailNode*>(std::uintptr_t{1}); }
  static MailNode* closed_tag() noexcept { return reinterpret_cast<MailNode*>(std::uintptr_t{2}); }
  static MailNode* reversed(MailNode* last) noexcept {
    MailNode* first = nullptr;
    while (last != nullptr && last != sleeping_tag() && last != closed_tag()) {
      MailNode* before = last->next;
      last->next = first;
      first = last;
      last = before;
    }
    return first;
  }

  std::atomic<MailNode*> last_{nullptr};  // a new mailbox counts as awake: who makes it schedules it
  std::atomic<std::uint32_t> since_{0};   // the mark of what the owner has not taken
};

}  // namespace troupe::detail
