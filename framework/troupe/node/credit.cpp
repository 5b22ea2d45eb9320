// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/credit.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

namespace {

constexpr auto quick = std::chrono::milliseconds{10};  // half a window in less: the sender may wait for us, double it
constexpr auto slow = std::chrono::milliseconds{100};  // half a window in more: what lies here is old when it is handled, halve it

std::uint64_t adapted(std::uint64_t window, std::uint64_t used, Duration passed, std::uint64_t least, std::uint64_t most) {
  if (used >= window / 2 && passed < quick) window *= 2;
  if (passed > slow) window /= 2;
  return std::clamp(window, least, std::max(least, most));
}

}  // namespace

Intake::Intake(Counted<LocalCell> cell) : cell_{std::move(cell)} {
  cell_->remote_senders.fetch_add(1, std::memory_order_relaxed);
  granted_ = {cell_->id(), first_window_messages, first_window_bytes};
}

Intake::~Intake() { cell_->remote_senders.fetch_sub(1, std::memory_order_relaxed); }

bool Intake::refuse(std::uint64_t bytes) noexcept {
  const std::uint64_t messages = refused_messages_.load(std::memory_order_relaxed) + 1;
  const std::uint64_t all_bytes = refused_bytes_.load(std::memory_order_relaxed) + bytes;
  refused_messages_.store(messages, std::memory_order_relaxed);
  refused_bytes_.store(all_bytes, std::memory_order_relaxed);
  return due(messages + taken_messages_.load(std::memory_order_relaxed), all_bytes + taken_bytes_.load(std::memory_order_relaxed));
}

Grant Intake::grant(TimePoint now) noexcept {
  const std::uint64_t messages = taken_messages_.load(std::memory_order_relaxed) + refused_messages_.load(std::memory_order_relaxed);
  const std::uint64_t bytes = taken_bytes_.load(std::memory_order_relaxed) + refused_bytes_.load(std::memory_order_relaxed);
  const Duration passed = last_time_ == TimePoint{} ? Duration::zero() : now - last_time_;
  const std::uint64_t senders = std::max<std::uint64_t>(cell_->remote_senders.load(std::memory_order_relaxed), 1);
  window_messages_ = adapted(window_messages_, messages - last_messages_, passed, first_window_messages, most_window_messages / senders);
  window_bytes_ = adapted(window_bytes_, bytes - last_bytes_, passed, first_window_bytes, most_window_bytes / senders);
  last_messages_ = messages;
  last_bytes_ = bytes;
  last_time_ = now;
  // Totals never go back: what was granted may be under way.
  granted_.messages = std::max(granted_.messages, messages + window_messages_);
  granted_.bytes = std::max(granted_.bytes, bytes + window_bytes_);
  due_messages_.store(messages + window_messages_ / 2, std::memory_order_relaxed);
  due_bytes_.store(bytes + window_bytes_ / 2, std::memory_order_relaxed);
  return granted_;
}

}  // namespace troupe::detail
