// troupe: actors in processes. Apache-2.0, see LICENSE.
// An array shared by processes: in shared memory for those of one host, at its owner for all others.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/patterns/cells_handle.hpp>

namespace troupe {

/// A handle to elements whose number never changes, which all its users see and change. As Value else: every member is one step,
/// and so is every use of an element (`array[i] += 1`); for several as one there is `lock`.
template <class T>
class Array : public detail::CellsHandle<T> {
 public:
  class Element;
  class Iterator;

  Array() noexcept = default;
  /// Elements of zero, or as their constructor makes them.
  /// @throws Misuse  no elements, or more than fit into memory; nothing was made
  /// @throws Full    no room in shared memory; nothing was made
  /// @throws Closed  the node is ending
  explicit Array(Node& node, std::size_t size, PatternOptions options = {}) : detail::CellsHandle<T>{node, size, {}, std::move(options)} {}
  Array(Node& node, std::vector<T> elements, PatternOptions options = {})
      : detail::CellsHandle<T>{node, elements.size(), std::move(elements), std::move(options)} {}
  Array(Node& node, std::initializer_list<T> elements, PatternOptions options = {})
      : Array{node, std::vector<T>{elements}, std::move(options)} {}

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(this->side().info().count); }
  /// All elements, as they were at one moment.
  [[nodiscard]] std::vector<T> get() const { return this->get_all(); }
  /// Sets all elements. Who is killed meanwhile has set some.
  void fill(const T& value) const { this->fill_all(value); }

  /// @throws Misuse  there is no such element
  [[nodiscard]] Element operator[](std::size_t index) const { return Element{*this, checked(index)}; }
  [[nodiscard]] Iterator begin() const { return Iterator{*this, 0}; }
  [[nodiscard]] Iterator end() const { return Iterator{*this, size()}; }

  /// As `Value::update`, of one element. @throws Misuse  there is no such element
  template <auto f, class... Args>
  auto update(std::size_t index, Args&&... args) const {
    return this->template update_at<detail::FunctionOf<f>, detail::Travelling<Args>...>(checked(index), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  auto update(std::size_t index, F, Args&&... args) const {
    detail::check_captureless<F>();
    return this->template update_at<F, detail::Travelling<Args>...>(checked(index), std::forward<Args>(args)...);
  }

 private:
  [[nodiscard]] std::size_t checked(std::size_t index) const {
    if (index >= size()) throw Misuse{"there is no element " + std::to_string(index) + " in an array of " + std::to_string(size())};
    return index;
  }
};

/// Stands for one element: reads as a `T`, and changes it when it is assigned to.
///
/// Lifetime: within that of the handle that it came from.
template <class T>
class Array<T>::Element {
 public:
  Element(const Array& array, std::size_t index) noexcept : array_{&array}, index_{index} {}
  Element(const Element&) noexcept = default;

  [[nodiscard]] T get() const { return array_->get_at(index_); }
  operator T() const { return get(); }  // NOLINT(google-explicit-constructor): that is its purpose
  const Element& operator=(const T& value) const {
    array_->set_at(index_, value);
    return *this;
  }
  Element& operator=(const Element& other) {  // NOLINT(bugprone-unhandled-self-assignment): one step for reading, one for writing
    static_cast<const Element&>(*this) = other.get();
    return *this;
  }

  /// As of Value.
  T operator+=(const T& amount) const requires detail::Addable<T> { return array_->add_at(index_, amount, false); }
  T operator-=(const T& amount) const requires detail::Subtractable<T> { return array_->add_at(index_, amount, true); }
  T operator++() const requires std::is_arithmetic_v<T> { return *this += T{1}; }
  T operator--() const requires std::is_arithmetic_v<T> { return *this -= T{1}; }
  T operator++(int) const requires std::is_arithmetic_v<T> { return detail::sum(*this += T{1}, T{1}, true); }
  T operator--(int) const requires std::is_arithmetic_v<T> { return detail::sum(*this -= T{1}, T{1}, false); }
  T exchange(const T& value) const { return array_->exchange_at(index_, value); }
  bool compare_exchange(const T& expected, const T& desired) const requires std::equality_comparable<T> {
    return array_->compare_exchange_at(index_, expected, desired);
  }

 private:
  const Array* array_;
  std::size_t index_;
};

/// Over the elements, each read or changed by itself.
template <class T>
class Array<T>::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Element;

  Iterator(const Array& array, std::size_t index) noexcept : array_{&array}, index_{index} {}
  [[nodiscard]] Element operator*() const { return Element{*array_, index_}; }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) { return Iterator{*array_, index_++}; }
  bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

 private:
  const Array* array_;
  std::size_t index_;
};

}  // namespace troupe
