// troupe: actors in processes. Apache-2.0, see LICENSE.
// A value shared by processes: in shared memory for those of one host, at its owner for all others.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/patterns/cells_handle.hpp>

namespace troupe {

/// A handle to one value that all its users see and change. Cheap to copy; may be an argument, a member, part of a message.
/// Assigning a `T` changes the value, assigning a Value makes this handle name another one.
///
/// Every member is one step: nobody else's comes between, and a process that is killed within one leaves the value as it was before
/// or after it. A type that is trivially copyable lies in shared memory, and the processes of the host use it there: a `+=` takes
/// some 30 ns. Any other type, or with `NodeOptions::shared_memory` false, lies with the owner, which is asked.
///
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed, or
///           ActorDied if the owner's process died.
/// Threads:  safe. While somebody holds its `lock`, everybody else waits; in a handler that blocks the handler.
/// Empty (default constructed): every member throws Misuse.
template <class T>
class Value : public detail::CellsHandle<T> {
 public:
  Value() noexcept = default;
  /// @throws Full    no room in shared memory; nothing was made
  /// @throws Closed  the node is ending
  explicit Value(Node& node, T value = T{}, PatternOptions options = {})
      : detail::CellsHandle<T>{node, 1, one(std::move(value)), std::move(options)} {}

  [[nodiscard]] T get() const { return this->get_at(0); }
  void set(const T& value) const { this->set_at(0, value); }
  const Value& operator=(const T& value) const {
    set(value);
    return *this;
  }

  /// Each returns the new value, but for `value++` and `value--`, which return the old one. Integers wrap around.
  T operator+=(const T& amount) const requires detail::Addable<T> { return this->add_at(0, amount, false); }
  T operator-=(const T& amount) const requires detail::Subtractable<T> { return this->add_at(0, amount, true); }
  T operator++() const requires std::is_arithmetic_v<T> { return *this += T{1}; }
  T operator--() const requires std::is_arithmetic_v<T> { return *this -= T{1}; }
  T operator++(int) const requires std::is_arithmetic_v<T> { return detail::sum(*this += T{1}, T{1}, true); }
  T operator--(int) const requires std::is_arithmetic_v<T> { return detail::sum(*this -= T{1}, T{1}, false); }

  /// @returns the value before
  T exchange(const T& value) const { return this->exchange_at(0, value); }
  /// Sets it to `desired` if it is `expected`. @returns whether
  bool compare_exchange(const T& expected, const T& desired) const requires std::equality_comparable<T> {
    return this->compare_exchange_at(0, expected, desired);
  }

  /// Sets it to `f(value, args...)`, or has `f` change it in place if it takes a `T&`. In shared memory `f` runs here, else in the
  /// owner's process, which must be the same program; it must not use this Value, and everybody waits for it.
  /// @returns the new value; of an `f` that takes a `T&` what that returns
  /// @throws NotFound  the owner's program does not have `f`; nothing was changed
  /// @throws           what `f` throws (a RemoteError, if it runs elsewhere); nothing was changed
  template <auto f, class... Args>
  auto update(Args&&... args) const {
    return this->template update_at<detail::FunctionOf<f>, detail::Travelling<Args>...>(0, std::forward<Args>(args)...);
  }
  /// The same with a lambda that captures nothing.
  template <class F, class... Args>
  auto update(F, Args&&... args) const {
    detail::check_captureless<F>();
    return this->template update_at<F, detail::Travelling<Args>...>(0, std::forward<Args>(args)...);
  }

 private:
  static std::vector<T> one(T value) {
    std::vector<T> values;
    values.push_back(std::move(value));
    return values;
  }
};

}  // namespace troupe
