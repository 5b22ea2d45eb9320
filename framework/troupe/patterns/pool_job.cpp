// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pool_job.hpp>

#include <atomic>
#include <cstring>

#include <troupe/node/core.hpp>

namespace troupe::detail {

PoolBlob::PoolBlob(NodeCore& of, const Bytes& given) : segment{of.segments().keep(as_bytes(given)).name()}, node_{&of} {}

PoolBlob::~PoolBlob() {
  if (node_ != nullptr) node_->segments().remove(segment);
}

Bytes PoolBlob::content() const {
  if (segment.empty()) return bytes;
  const Segment memory = Segment::attach(segment);
  if (!memory) raise(ErrorType::closed, "what a task uses is no longer shared by its pool");
  const auto* first = reinterpret_cast<const std::uint8_t*>(memory.kept().data());
  return {first, first + memory.kept().size()};
}

std::uint64_t PoolBlob::next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void PoolRow::value(std::size_t index, std::span<const std::byte> encoded) {
  std::unique_lock lock{mutex_};
  if (places_.size() <= index) places_.resize(index + 1);
  places_[index] = {arena_.size(), encoded.size()};
  arena_.append(encoded.data(), encoded.size());
  ++done_;
  finish_if_done(lock);
}

void PoolRow::error(std::size_t, std::shared_ptr<const ErrorInfo> error) { state_->fail(std::move(error)); }

void PoolRow::complete(std::size_t tasks) {
  std::unique_lock lock{mutex_};
  tasks_ = tasks;
  finish_if_done(lock);
}

void PoolRow::finish_if_done(std::unique_lock<std::mutex>& lock) {
  if (done_ != tasks_) return;
  lock.unlock();
  finish_(*state_, *this);
}

void PoolStream::value(std::size_t index, std::span<const std::byte> encoded) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(encoded.data());
  add(index, {{begin, begin + encoded.size()}, nullptr});
}

void PoolStream::error(std::size_t index, std::shared_ptr<const ErrorInfo> error) { add(index, {{}, std::move(error)}); }

void PoolStream::add(std::size_t index, Item item) {
  Counted<TypedState<void>> wakes;
  {
    const std::lock_guard lock{mutex_};
    if (order_ == Order::completion || index == next_) {
      ready_.push_back(std::move(item));
      ++next_;
      while (!early_.empty() && early_.begin()->first == next_) {
        ready_.push_back(std::move(early_.begin()->second));
        early_.erase(early_.begin());
        ++next_;
      }
    } else {
      early_.emplace(index, std::move(item));
    }
    if (any()) wakes = std::exchange(waiting_, {});
  }
  if (wakes) wakes->fulfil(std::monostate{});
}

bool PoolStream::any() const { return !ready_.empty(); }

bool PoolStream::wanted() const {
  const std::lock_guard lock{mutex_};
  return !abandoned_;
}

std::optional<PoolStream::Item> PoolStream::try_take() {
  const std::lock_guard lock{mutex_};
  if (!any()) return {};
  Item first = std::move(ready_.front());
  ready_.pop_front();
  return first;
}

Counted<TypedState<void>> PoolStream::ready() {
  auto state = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  const std::lock_guard lock{mutex_};
  if (any()) {
    state->fulfil(std::monostate{});
  } else {
    waiting_ = state;
  }
  return state;
}

void PoolStream::abandon() {
  const std::lock_guard lock{mutex_};
  abandoned_ = true;
}

}  // namespace troupe::detail
