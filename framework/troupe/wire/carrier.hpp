// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a type is carried in a message: one answer for encoder, decoder, schema digest and diagnostics.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <troupe/wire/cereal_archive.hpp>
#include <troupe/wire/reflect.hpp>

namespace troupe::detail {

// Part of the wire: the schema digest is made of these numbers. Append only.
enum class Carrier {
  none,        // it cannot be carried
  arithmetic,  // its bytes, little-endian; bool as 0 or 1
  enumeration,
  bulk,      // a count, then the bytes of the elements: string, vector<double>
  sequence,  // a count, then the elements
  set,       // likewise
  map,       // a count, then keys and values by turns
  array,     // the elements
  optional,  // 0, or 1 and the value
  pointer,   // likewise: unique_ptr, shared_ptr to const
  variant,   // the index, one byte, then the value
  tuple,     // the elements; pair too
  duration,  // its count; time_point: since the epoch of its clock
  plain,     // the fields
  foreign,   // what its Cereal functions write
  nested,    // a count, then so many bytes: a message of its own, which it appends itself
};

template <class T, template <class...> class Template>
constexpr bool is_a = false;
template <class... Args, template <class...> class Template>
constexpr bool is_a<Template<Args...>, Template> = true;

template <class T>
constexpr bool is_std_array = false;
template <class T, std::size_t Count>
constexpr bool is_std_array<std::array<T, Count>> = true;

/// The spelling of a type by this compiler, with whatever stands around it.
template <class T>
constexpr std::string_view spelled() {
  return __PRETTY_FUNCTION__;
}

/// Whether a class is of namespace std: only there a container is known by its members, without its header.
template <class T>
constexpr bool is_of_std() {
  constexpr std::string_view text = spelled<T>();
  return text.substr(text.find("T = ")).starts_with("T = std::");
}

template <class T>
concept Container = requires(T& container, const T& constant) {
  typename T::value_type;
  container.clear();
  container.begin();
  { constant.size() } -> std::convertible_to<std::size_t>;
};

/// Elements of a number type that lie in one piece.
template <class T>
concept Bulk = Container<T> && std::is_arithmetic_v<typename T::value_type> && !std::is_same_v<typename T::value_type, bool> &&
               requires(T & container) {
  container.resize(std::size_t{});
  { container.data() } -> std::same_as<typename T::value_type*>;
};

template <class T>
constexpr Carrier std_carrier() {
  if constexpr (Bulk<T>) {
    return Carrier::bulk;
  } else if constexpr (Container<T> && requires { typename T::mapped_type; }) {
    return Carrier::map;
  } else if constexpr (Container<T> && requires { typename T::key_type; }) {
    return Carrier::set;
  } else if constexpr (Container<T> && requires(T & container, typename T::value_type & value) { container.push_back(std::move(value)); }) {
    return Carrier::sequence;
  } else if constexpr (has_cereal_functions<T>) {
    return Carrier::foreign;
  } else {
    return Carrier::none;
  }
}

template <class T>
constexpr Carrier class_carrier() {
  if constexpr (is_a<T, std::optional>) {
    return Carrier::optional;
  } else if constexpr (is_a<T, std::unique_ptr> || is_a<T, std::shared_ptr>) {
    return Carrier::pointer;
  } else if constexpr (is_a<T, std::variant>) {
    return Carrier::variant;
  } else if constexpr (is_a<T, std::tuple> || is_a<T, std::pair>) {
    return Carrier::tuple;
  } else if constexpr (is_std_array<T>) {
    return Carrier::array;
  } else if constexpr (is_of_std<T>() && requires {
                         typename T::period;
                         typename T::rep;
                       }) {
    return Carrier::duration;
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return Carrier::plain;
  } else if constexpr (is_of_std<T>()) {
    return std_carrier<T>();
  } else if constexpr (has_cereal_functions<T>) {
    return Carrier::foreign;
  } else if constexpr (std::is_aggregate_v<T> && std::is_default_constructible_v<T> && !std::is_polymorphic_v<T>) {
    return Carrier::plain;
  } else {
    return Carrier::none;
  }
}

template <class T>
constexpr Carrier find_carrier() {
  if constexpr (std::is_same_v<T, long double>) {
    return Carrier::none;  // another size on other processors
  } else if constexpr (std::is_arithmetic_v<T>) {
    return Carrier::arithmetic;
  } else if constexpr (std::is_enum_v<T>) {
    return Carrier::enumeration;
  } else if constexpr (std::is_class_v<T>) {
    return class_carrier<T>();
  } else {
    return Carrier::none;
  }
}

template <class T>
constexpr Carrier carrier = find_carrier<T>();

/// Whether a value may take no bytes at all.
template <class T>
constexpr bool may_be_empty = carrier<T> == Carrier::foreign;
template <class... Field>
constexpr bool may_all_be_empty(TypeList<Field...>) {
  return (may_be_empty<std::remove_const_t<Field>> && ...);
}
template <class T>
requires(carrier<T> == Carrier::plain) constexpr bool may_be_empty<T> = [] {
  if constexpr (std::is_empty_v<T>) {
    return true;
  } else {
    return may_all_be_empty(field_types<T>{});
  }
}();
template <class T, std::size_t Count>
constexpr bool may_be_empty<std::array<T, Count>> = Count == 0 || may_be_empty<T>;
template <class... T>
constexpr bool may_be_empty<std::tuple<T...>> = (may_be_empty<T> && ...);
template <class First, class Second>
constexpr bool may_be_empty<std::pair<First, Second>> = may_be_empty<First>&& may_be_empty<Second>;

}  // namespace troupe::detail
