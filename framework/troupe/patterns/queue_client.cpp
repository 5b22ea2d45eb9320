// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_client.hpp>

#include <algorithm>

#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {
constexpr std::uint64_t many = 8;  // asks; then slots and windows are worth a port
constexpr std::uint64_t first_window = 16;
constexpr std::uint64_t report_items = 16;
constexpr auto report_interval = std::chrono::microseconds{50};  // what a getter that dies may have taken unreported
}  // namespace

QueueClientBase::~QueueClientBase() {
  if (port_) port_.stop();
}

bool QueueClientBase::take_slot() noexcept {
  std::uint64_t slots = slots_.load(std::memory_order_relaxed);
  while (slots > 0)
    if (slots_.compare_exchange_weak(slots, slots - 1)) return true;
  return false;
}

void QueueClientBase::slots_recalled() {
  puts_.store(0);
  return_slots(slots_.exchange(0));
}

void QueueClientBase::return_slots(std::uint64_t slots) {
  if (slots != 0) say_slots_back(slots);
}

std::uint64_t QueueClientBase::putting_number() { return puts_.fetch_add(1, std::memory_order_relaxed) < many ? 0 : number(); }

std::uint64_t QueueClientBase::next_window() {
  if (++fetches_ <= many) return window_size_ = 1;
  window_size_ = std::min(std::max(window_size_ * 2, first_window), most_leased);
  return window_size_;
}

bool QueueClientBase::report_due() {
  const TimePoint now = owner_->node().clock().now();
  if (taken_ - reported_ < report_items && now - last_report_ < report_interval) return false;
  last_report_ = now;
  return true;
}

std::uint64_t QueueClientBase::number() {
  const std::uint64_t known = number_.load(std::memory_order_acquire);
  if (known != 0 || joining_.exchange(true)) return known;
  try {
    port_ = spawn_queue_port(weak_from_this(), owner_);
    number_.store(join(port_), std::memory_order_release);
  } catch (const Error&) {  // the call that wanted it will hear the same
  }
  return number_.load();
}

}  // namespace troupe::detail
