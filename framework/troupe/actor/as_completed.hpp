// troupe: actors in processes. Apache-2.0, see LICENSE.
// Several futures, taken in the order in which they end.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/actor/taking.hpp>
#include <troupe/actor/when.hpp>
#include <troupe/node/clock.hpp>

namespace troupe {

namespace detail {

/// The numbers of futures that have ended and were not taken.
class GatherEach final : public Gathering {
 public:
  /// @param node  where its takers wait; null: there is nothing to take
  explicit GatherEach(NodeCore* node) noexcept : node_{node} {}
  void settled(std::size_t number, FutureState&) override;
  [[nodiscard]] bool over() const noexcept override { return false; }
  /// Waits until one has ended. @throws Timeout  none has, within `patience`
  [[nodiscard]] std::size_t take(Duration patience);

 private:
  NodeCore* const node_;
  std::mutex mutex_;
  std::deque<std::size_t> ended_;
  Counted<TypedState<void>> waiting_;
};

}  // namespace detail

/// Futures in the order in which they end: `for (auto& future : troupe::as_completed(std::move(futures))) use(future.get());`
///
/// Lifetime: its own; futures that were not taken go on unheeded. Threads: one at a time.
template <class T>
class AsCompleted {
 public:
  explicit AsCompleted(std::vector<Future<T>> futures)
      : futures_{std::move(futures)},
        each_{std::make_shared<detail::GatherEach>(futures_.empty() ? nullptr : &futures_.front().shared_state().node())},
        left_{futures_.size()} {
    for (std::size_t i = 0; i < futures_.size(); ++i) detail::gather(futures_[i].shared_state(), each_, i);
  }

  /// The next that has ended; nothing: all were taken.
  /// @throws Timeout  none has within `patience`. Blocks.
  std::optional<Future<T>> next(Duration patience = forever) {
    if (left_ == 0) return {};
    auto& ended = futures_[each_->take(patience)];
    --left_;
    return std::move(ended);
  }
  [[nodiscard]] auto begin() { return detail::Taking{*this}; }
  [[nodiscard]] detail::TakingEnd end() const noexcept { return {}; }

 private:
  std::vector<Future<T>> futures_;
  std::shared_ptr<detail::GatherEach> each_;
  std::size_t left_;
};

/// @throws Misuse  one is empty
template <class T>
[[nodiscard]] AsCompleted<T> as_completed(std::vector<Future<T>> futures) {
  return AsCompleted<T>{std::move(futures)};
}

}  // namespace troupe
