// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a list: its items.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/patterns/sum.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

// Indices from 0; negative ones from the end.

struct ListGet {
  std::int64_t index = 0;
};
template <class T>
struct ListSet {
  std::int64_t index = 0;
  T item{};
};
template <class T>
struct ListAppend {
  T item{};
};
enum class ListOp : std::uint8_t {
  extend,    // items
  insert,    // index, item
  pop,       // index: item
  slice,     // index, index: items
  erase,     // index, index: number
  size,      // number
  whole,     // step on all items: what that brings
  add,       // index, item: item
  subtract,  // likewise
  update,    // index, step: what that brings
};
struct ListAsk {
  ListOp op = ListOp::size;
  Bytes arguments;
};
inline constexpr std::int64_t list_end = INT64_MAX;

// Steps on all items, made where they are called: not every type has what they need.

template <class T>
struct SortItems {
  void operator()(std::vector<T>& items) const { std::sort(items.begin(), items.end()); }
};
template <class T>
struct ReverseItems {
  void operator()(std::vector<T>& items) const { std::reverse(items.begin(), items.end()); }
};
template <class T>
struct FindItem {
  std::optional<std::uint64_t> operator()(std::vector<T>& items, const T& item) const {
    const auto found = std::find(items.begin(), items.end(), item);
    return found == items.end() ? std::nullopt : std::optional{static_cast<std::uint64_t>(found - items.begin())};
  }
};
template <class T>
struct CountItem {
  std::uint64_t operator()(std::vector<T>& items, const T& item) const {
    return static_cast<std::uint64_t>(std::count(items.begin(), items.end(), item));
  }
};

[[nodiscard]] std::shared_ptr<const ErrorInfo> no_such_item(const std::string& list);

template <class T>
class ListOwner final : public Actor<ListOwner<T>, ListGet, ListSet<T>, ListAppend<T>, ListAsk> {
 public:
  ListOwner(std::vector<T> items, const std::string& name) : items_{std::move(items)}, missing_{no_such_item(name)} {}

  Future<T> on(const ListGet& get) const {
    const auto at = place(get.index);
    return at < size() ? ready_future(T(items_[at])) : failed_future<T>(missing_);
  }
  Future<void> on(ListSet<T> set) {
    const auto at = place(set.index);
    if (at >= size()) return failed_future<void>(missing_);
    items_[at] = std::move(set.item);
    return ready_future();
  }
  void on(ListAppend<T> append) { items_.push_back(std::move(append.item)); }
  Future<Bytes> on(const ListAsk& ask) {
    Encoded result;
    return run(ask, result) ? ready_future(to_bytes(result)) : failed_future<Bytes>(missing_);
  }

 private:
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  /// @returns SIZE_MAX: before the first
  [[nodiscard]] std::size_t place(std::int64_t index) const noexcept {
    if (index >= 0) return static_cast<std::size_t>(index);
    const auto back = ~static_cast<std::uint64_t>(index) + 1;
    return back <= size() ? size() - back : SIZE_MAX;
  }
  /// The same, and never outside: for ranges.
  [[nodiscard]] std::ptrdiff_t bound(std::int64_t index) const noexcept {
    const std::size_t at = place(index);
    return static_cast<std::ptrdiff_t>(index < 0 && at == SIZE_MAX ? 0 : std::min(at, size()));
  }
  /// @returns false: there is no such item
  bool run(const ListAsk& ask, Encoded& result) {
    const auto given = [&]<class... A>(std::type_identity<A>...) { return decode<std::tuple<A...>>(as_bytes(ask.arguments)); };
    constexpr std::type_identity<std::int64_t> index_type{};
    constexpr std::type_identity<T> item_type{};
    switch (ask.op) {
      case ListOp::extend: {
        auto more = std::get<0>(given(std::type_identity<std::vector<T>>{}));
        items_.insert(items_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        return true;
      }
      case ListOp::insert: {
        auto [index, item] = given(index_type, item_type);
        items_.insert(items_.begin() + bound(index), std::move(item));
        return true;
      }
      case ListOp::pop: {
        const auto at = place(std::get<0>(given(index_type)));
        if (at >= size()) return false;
        const T item = items_[at];
        encode(result, item);
        items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
        return true;
      }
      case ListOp::slice:
      case ListOp::erase: {
        const auto [first, last] = given(index_type, index_type);
        const auto begin = items_.begin() + bound(first);
        const auto end = std::max(begin, items_.begin() + bound(last));
        if (ask.op == ListOp::slice) {
          encode(result, std::vector<T>(begin, end));
        } else {
          encode(result, static_cast<std::uint64_t>(end - begin));
          items_.erase(begin, end);
        }
        return true;
      }
      case ListOp::size:
        encode(result, std::uint64_t{size()});
        return true;
      case ListOp::whole: {
        const Bytes brought = take_step(items_, std::get<0>(given(std::type_identity<Step>{})));
        result.append(brought.data(), brought.size());
        return true;
      }
      case ListOp::add:
      case ListOp::subtract: {
        auto [index, amount] = given(index_type, item_type);
        const auto at = place(index);
        if (at >= size()) return false;
        T changed = sum(T(items_[at]), amount, ask.op == ListOp::subtract);
        encode(result, changed);
        items_[at] = std::move(changed);
        return true;
      }
      case ListOp::update: {
        auto [index, step] = given(index_type, std::type_identity<Step>{});
        const auto at = place(index);
        if (at >= size()) return false;
        if constexpr (std::is_same_v<T, bool>) {
          bool item = items_[at];
          const Bytes brought = take_step(item, step);
          items_[at] = item;
          result.append(brought.data(), brought.size());
        } else {
          const Bytes brought = take_step(items_[at], step);
          result.append(brought.data(), brought.size());
        }
        return true;
      }
    }
    throw Misuse{"an operation that there is not"};
  }

  std::vector<T> items_;
  const std::shared_ptr<const ErrorInfo> missing_;
};

}  // namespace troupe::detail
