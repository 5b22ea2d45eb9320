// troupe: actors in processes. Apache-2.0, see LICENSE.
// Several futures as one: all of them, or the first of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/future_state.hpp>

namespace troupe {

namespace detail {

/// What several futures tell of their ends.
///
/// Lifetime: held by the continuations at the futures. Threads: `settled` from any.
class Gathering {
 public:
  Gathering() noexcept = default;
  virtual ~Gathering() = default;
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  /// The future with this number has ended.
  virtual void settled(std::size_t number, FutureState& state) = 0;
  /// Nothing more needs to be told.
  [[nodiscard]] virtual bool over() const noexcept = 0;
};

/// Has `gathering` told when `state` ends.
void gather(FutureState& state, std::shared_ptr<Gathering> gathering, std::size_t number);
[[noreturn]] void raise_nothing_to_await();

/// @tparam Take  makes an `R` of `Held`, the futures, all of which have values
template <class R, class Held, class Take>
class GatherAll final : public Gathering {
 public:
  GatherAll(Held futures, std::size_t count)
      : result_{Counted<TypedState<R>>::adopt(TypedState<R>::make(promising_node()))}, futures_{std::move(futures)}, left_{count + 1} {}

  void settled(std::size_t, FutureState& state) override {
    if (state.error() != nullptr) result_->fail(state.error());
    count_down();
  }
  [[nodiscard]] bool over() const noexcept override { return result_->claimed(); }

  /// To be called once, when it knows of all futures.
  void count_down() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1 && !over()) result_->fulfil(Take{}(futures_));
  }
  [[nodiscard]] const Held& futures() const noexcept { return futures_; }
  [[nodiscard]] Future<R> result() const { return Future<R>{result_}; }

 private:
  const Counted<TypedState<R>> result_;
  Held futures_;
  std::atomic<std::size_t> left_;
};

class GatherAny final : public Gathering {
 public:
  GatherAny();
  void settled(std::size_t number, FutureState&) override { result_->fulfil(number); }
  [[nodiscard]] bool over() const noexcept override { return result_->claimed(); }
  [[nodiscard]] Future<std::size_t> result() const { return Future<std::size_t>{result_}; }

 private:
  const Counted<TypedState<std::size_t>> result_;
};

template <class T>
using Gathered = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// The value of a future that has ended well, also while its callbacks still run.
template <class T>
[[nodiscard]] Gathered<T> gathered(const Future<T>& future) {
  return static_cast<TypedState<T>&>(future.shared_state()).take();
}

struct TakeVector {
  template <class T>
  [[nodiscard]] auto operator()(const std::vector<Future<T>>& futures) const {
    std::vector<Gathered<T>> values;
    values.reserve(futures.size());
    for (const auto& future : futures) values.push_back(gathered(future));
    return values;
  }
};

struct TakeTuple {
  template <class... T>
  [[nodiscard]] auto operator()(const std::tuple<Future<T>...>& futures) const {
    return std::apply([](const auto&... each) { return std::tuple<Gathered<T>...>{gathered(each)...}; }, futures);
  }
};

}  // namespace detail

/// Ends with the values of all, in their order (`std::monostate` where there is none), or with the error of the first that fails;
/// the others then go on unheeded. None at all: it has ended.
///
/// `co_await when_all(a.ask<Price>(x), b.ask<Price>(y))` asks both at the same time. Does not block.
/// @throws Misuse  one is empty
template <class T>
[[nodiscard]] Future<std::vector<detail::Gathered<T>>> when_all(std::vector<Future<T>> futures) {
  using All = detail::GatherAll<std::vector<detail::Gathered<T>>, std::vector<Future<T>>, detail::TakeVector>;
  const std::size_t count = futures.size();
  const auto all = std::make_shared<All>(std::move(futures), count);
  auto result = all->result();
  for (std::size_t i = 0; i < count; ++i) detail::gather(all->futures()[i].shared_state(), all, i);
  all->count_down();
  return result;
}
/// The same with a tuple of the values.
template <class... T>
requires(sizeof...(T) > 0) [[nodiscard]] Future<std::tuple<detail::Gathered<T>...>> when_all(Future<T>... futures) {
  using All = detail::GatherAll<std::tuple<detail::Gathered<T>...>, std::tuple<Future<T>...>, detail::TakeTuple>;
  const auto all = std::make_shared<All>(std::tuple<Future<T>...>{std::move(futures)...}, sizeof...(T));
  auto result = all->result();
  std::size_t number = 0;
  std::apply([&](const auto&... each) { (detail::gather(each.shared_state(), all, number++), ...); }, all->futures());
  all->count_down();
  return result;
}

/// Ends with the number, from 0, of the first that ends, by a value or an error. The futures stay with the caller: `futures[i].get()`
/// takes that one out, the others can be waited for again.
///
/// Does not block. @throws Misuse  there are none, or one is empty
template <class T>
[[nodiscard]] Future<std::size_t> when_any(const std::vector<Future<T>>& futures) {
  if (futures.empty()) detail::raise_nothing_to_await();
  const auto any = std::make_shared<detail::GatherAny>();
  for (std::size_t i = 0; i < futures.size(); ++i) detail::gather(futures[i].shared_state(), any, i);
  return any->result();
}
template <class... T>
requires(sizeof...(T) > 0) [[nodiscard]] Future<std::size_t> when_any(const Future<T>&... futures) {
  const auto any = std::make_shared<detail::GatherAny>();
  std::size_t number = 0;
  (detail::gather(futures.shared_state(), any, number++), ...);
  return any->result();
}

}  // namespace troupe
