// troupe: actors in processes. Apache-2.0, see LICENSE.
// `+=` and `-=` of shared values, for whatever has them; integers wrap around instead of being undefined.
#pragma once

#include <type_traits>
#include <utility>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

template <class T>
concept Addable = !std::is_same_v<T, bool> && requires(const T& a, const T& b) {
  static_cast<T>(a + b);
};
template <class T>
concept Subtractable = !std::is_same_v<T, bool> && requires(const T& a, const T& b) {
  static_cast<T>(a - b);
};

/// @throws Misuse  `T` has no such operator
template <class T>
[[nodiscard]] T sum(const T& value, const T& amount, bool less) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    T result{};
    (void)(less ? __builtin_sub_overflow(value, amount, &result) : __builtin_add_overflow(value, amount, &result));
    return result;
  } else {
    if constexpr (Subtractable<T>) {
      if (less) return static_cast<T>(value - amount);
    }
    if constexpr (Addable<T>) {
      if (!less) return static_cast<T>(value + amount);
    }
    throw Misuse{"this type has no such operator"};
  }
}

}  // namespace troupe::detail
