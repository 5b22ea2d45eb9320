// troupe: actors in processes. Apache-2.0, see LICENSE.
// A list shared by processes: items at one owner actor, any number of List<T> handles.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/patterns/list_owner.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/patterns/sum.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

/// A handle to items that live in an actor of their own. Cheap to copy; may be an argument, a member, part of a message, and an item
/// of another list: then that one holds the handle, and all see the same inner list.
///
/// Every member is one step at the owner: nobody else's comes between; `list[0] += 1` is one, too. Items come as copies: what they
/// hold is changed in place by `update`. An index counts from 0, a negative one from the end.
///
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed, or
///           ActorDied if the owner's process died.
/// Threads:  safe. Members block until the owner has answered, for 30 s at most (Timeout); in a handler there are `get_async` and
///           `append_async`.
/// Empty (default constructed): every member throws Misuse.
template <class T>
class List : public detail::OwnerHandle<detail::ListOwner<T>> {
  using Owner = detail::ListOwner<T>;
  using Handle = detail::OwnerHandle<Owner>;
  using Op = detail::ListOp;

 public:
  class Element;

  List() noexcept = default;
  /// @throws Closed  the node is ending
  explicit List(Node& node, std::vector<T> items = {}, PatternOptions options = {})
      : Handle{detail::spawn_owner<Owner>(node, options.place, std::move(items), options.name), std::move(options.name)} {
    detail::check_message<T>();
  }

  /// @throws NotFound  there is no such item
  [[nodiscard]] T get(std::int64_t index) const { return get_async(index).get(); }
  void set(std::int64_t index, const T& item) const { this->owner().ask(detail::ListSet<T>{index, item}).get(); }
  /// Stands for the item, whether it is there or not.
  [[nodiscard]] Element operator[](std::int64_t index) const { return Element{*this, index}; }

  void append(const T& item) const { append_async(item).get(); }
  /// Appends all.
  void extend(const std::vector<T>& items) const { (void)bring(Op::extend, items); }
  void extend(const List& other) const { extend(other.items()); }
  /// Before the item at `index`; behind the last one, if there are fewer.
  void insert(std::int64_t index, const T& item) const { (void)bring(Op::insert, index, item); }
  /// Takes the item out, the last one by default. @throws NotFound  there is no such item
  T pop(std::int64_t index = -1) const { return ask<T>(Op::pop, index); }
  /// @returns whether there was such an item
  bool erase(std::int64_t index) const { return erase(index, index == -1 ? detail::list_end : index + 1) != 0; }
  /// Erases from `first` to before `last`, as far as there are such items. @returns how many
  std::size_t erase(std::int64_t first, std::int64_t last) const {
    return static_cast<std::size_t>(ask<std::uint64_t>(Op::erase, first, last));
  }
  /// @returns how many there were
  std::size_t clear() const { return erase(0, detail::list_end); }

  /// Everything, as it was at one moment.
  [[nodiscard]] std::vector<T> items() const { return slice(0); }
  /// From `first` to before `last`, as far as there are such items.
  [[nodiscard]] std::vector<T> slice(std::int64_t first, std::int64_t last = detail::list_end) const {
    return ask<std::vector<T>>(Op::slice, first, last);
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(ask<std::uint64_t>(Op::size)); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// The index of the first item that equals it.
  [[nodiscard]] std::optional<std::size_t> find(const T& item) const requires std::equality_comparable<T> {
    const auto index = whole<detail::FindItem<T>>(item);
    return index ? std::optional{static_cast<std::size_t>(*index)} : std::nullopt;
  }
  /// How many items equal it.
  [[nodiscard]] std::size_t count(const T& item) const requires std::equality_comparable<T> {
    return static_cast<std::size_t>(whole<detail::CountItem<T>>(item));
  }
  void sort() const requires std::totally_ordered<T> { whole<detail::SortItems<T>>(); }
  void reverse() const { whole<detail::ReverseItems<T>>(); }

  /// Several of these may be under way: they are done in their order. For `co_await` too.
  [[nodiscard]] Future<T> get_async(std::int64_t index) const { return this->owner().ask(detail::ListGet{index}); }
  [[nodiscard]] Future<void> append_async(const T& item) const { return this->owner().ask(detail::ListAppend<T>{item}); }

  /// As `Dict::update`, of one item. @throws NotFound  there is no such item, or the owner's program does not have `f`
  template <auto f, class... Args>
  auto update(std::int64_t index, Args&&... args) const {
    return step<detail::FunctionOf<f>, detail::Travelling<Args>...>(index, std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  auto update(std::int64_t index, F, Args&&... args) const {
    detail::check_captureless<F>();
    return step<F, detail::Travelling<Args>...>(index, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  detail::Bytes bring(Op op, const Args&... args) const {
    return this->owner().ask(detail::ListAsk{op, detail::encoded_bytes(std::tuple<Args...>{args...})}).get();
  }
  template <class R, class... Args>
  R ask(Op op, const Args&... args) const {
    return detail::decode<R>(detail::as_bytes(bring(op, args...)));
  }
  template <class F, class... Args>
  auto whole(const Args&... args) const {
    using Made = detail::StepOf<std::vector<T>, F, Args...>;
    return Made::result(bring(Op::whole, Made::make(args...)));
  }
  template <class F, class... Travelling, class... Args>
  detail::StepResult<T, F, Travelling...> step(std::int64_t index, Args&&... args) const {
    using Made = detail::StepOf<T, F, Travelling...>;
    return Made::result(bring(Op::update, index, Made::make(std::forward<Args>(args)...)));
  }
};

/// Lifetime: within that of the handle that it came from.
template <class T>
class List<T>::Element {
 public:
  Element(const List& list, std::int64_t index) noexcept : list_{&list}, index_{index} {}
  Element(const Element&) noexcept = default;

  /// @throws NotFound  there is no such item
  [[nodiscard]] T get() const { return list_->get(index_); }
  operator T() const { return get(); }  // NOLINT(google-explicit-constructor): that is its purpose
  const Element& operator=(const T& item) const {
    list_->set(index_, item);
    return *this;
  }
  Element& operator=(const Element& other) {  // NOLINT(bugprone-unhandled-self-assignment): one step for reading, one for writing
    list_->set(index_, other.get());
    return *this;
  }
  /// One step at the owner. @returns the new item. @throws NotFound  there is no such item
  T operator+=(const T& amount) const requires detail::Addable<T> { return list_->template ask<T>(Op::add, index_, amount); }
  T operator-=(const T& amount) const requires detail::Subtractable<T> { return list_->template ask<T>(Op::subtract, index_, amount); }

 private:
  const List* list_;
  std::int64_t index_;
};

}  // namespace troupe
