// troupe: actors in processes. Apache-2.0, see LICENSE.
// Which types are messages, and what is wrong with one that is not.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <troupe/wire/carrier.hpp>

namespace troupe {

namespace detail {

enum class Flaw {
  none,
  reference,
  pointer,
  view,
  array,
  long_double,
  shared_mutable,
  polymorphic,
  inherits,
  too_many_fields,
  const_field,
  not_default_constructible,
  no_serialize,
};

/// What is wrong, and with which type within the message.
template <Flaw What, class Where>
struct Found {
  static constexpr Flaw what = What;
  using where = Where;
};
using Fine = Found<Flaw::none, void>;

template <class T>
constexpr bool is_view = false;
template <class T>
requires std::is_class_v<T>
constexpr bool is_view<T> = is_of_std<T>() && requires(T & view) { view.remove_prefix(1); };
template <class T, std::size_t Extent>
constexpr bool is_view<std::span<T, Extent>> = true;

template <class First, class... Others>
constexpr auto first_flaw(First first, Others... others) {
  if constexpr (First::what != Flaw::none || sizeof...(Others) == 0) {
    return first;
  } else {
    return first_flaw(others...);
  }
}

// `Outer` are the plain structs on the way to T: a struct may hold a vector of itself.
template <class T, class... Outer>
constexpr auto find_flaw();

template <class... Outer, class... Inner>
constexpr auto find_flaw_in(TypeList<Inner...>) {
  return first_flaw(Fine{}, find_flaw<Inner, Outer...>()...);
}

template <class T, class... Outer, class... Args, template <class...> class Template>
constexpr auto find_flaw_of_args(std::type_identity<Template<Args...>>) {
  if constexpr (carrier<T> == Carrier::pointer) {
    using Value = typename T::element_type;
    if constexpr (is_a<T, std::shared_ptr> && !std::is_const_v<Value>) {
      return Found<Flaw::shared_mutable, T>{};
    } else if constexpr (std::is_polymorphic_v<Value>) {
      return Found<Flaw::polymorphic, T>{};
    } else {
      return find_flaw<std::remove_const_t<Value>, Outer...>();
    }
  } else {
    return find_flaw_in<Outer...>(TypeList<Args...>{});
  }
}

template <class T, class... Outer>
constexpr auto find_flaw_of_plain() {
  if constexpr (std::is_empty_v<T> || (std::is_same_v<T, Outer> || ...)) {
    return Fine{};
  } else if constexpr (has_base<T>) {
    return Found<Flaw::inherits, T>{};
  } else if constexpr (field_count<T> > max_fields) {
    return Found<Flaw::too_many_fields, T>{};
  } else {
    return find_flaw_in<Outer..., T>(field_types<T>{});
  }
}

template <class T, class... Outer>
constexpr auto find_flaw() {
  if constexpr (std::is_reference_v<T>) {
    return Found<Flaw::reference, T>{};
  } else if constexpr (std::is_const_v<T>) {
    return Found<Flaw::const_field, T>{};
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>) {
    return Found<Flaw::pointer, T>{};
  } else if constexpr (std::is_array_v<T>) {
    return Found<Flaw::array, T>{};
  } else if constexpr (std::is_same_v<T, long double>) {
    return Found<Flaw::long_double, T>{};
  } else if constexpr (is_view<T>) {
    return Found<Flaw::view, T>{};
  } else if constexpr (carrier<T> == Carrier::none) {
    if constexpr (std::is_aggregate_v<T> && !std::is_default_constructible_v<T>) {
      return Found<Flaw::not_default_constructible, T>{};
    } else {
      return Found<Flaw::no_serialize, T>{};
    }
  } else if constexpr (carrier<T> == Carrier::foreign) {
    if constexpr (!std::is_default_constructible_v<T>) {
      return Found<Flaw::not_default_constructible, T>{};
    } else {
      return Fine{};  // its functions are compiled when it is sent
    }
  } else if constexpr (carrier<T> == Carrier::plain) {
    return find_flaw_of_plain<T, Outer...>();
  } else if constexpr (carrier<T> == Carrier::arithmetic || carrier<T> == Carrier::enumeration || carrier<T> == Carrier::bulk ||
                       carrier<T> == Carrier::duration || carrier<T> == Carrier::nested) {
    return Fine{};
  } else if constexpr (carrier<T> == Carrier::array) {
    return find_flaw<typename T::value_type, Outer...>();
  } else if constexpr (carrier<T> == Carrier::map) {
    return find_flaw_in<Outer...>(TypeList<typename T::key_type, typename T::mapped_type>{});
  } else if constexpr (carrier<T> == Carrier::sequence || carrier<T> == Carrier::set) {
    return find_flaw<typename T::value_type, Outer...>();
  } else {
    return find_flaw_of_args<T, Outer...>(std::type_identity<T>{});
  }
}

template <class T>
using flaw_of = decltype(find_flaw<T>());

/// Fails to compile with one line about what is wrong; the compiler's note names `Where`.
template <class Sent, class Where, Flaw What>
constexpr bool explain() {
  static_assert(What != Flaw::reference, "troupe: a message cannot hold a reference; hold the value");
  static_assert(What != Flaw::pointer, "troupe: a message cannot hold a raw pointer, it means nothing in another process; hold the value");
  static_assert(What != Flaw::view, "troupe: a message cannot hold a view (string_view, span); hold a string or vector");
  static_assert(What != Flaw::array, "troupe: a message cannot hold a C array; hold a std::array");
  static_assert(What != Flaw::long_double, "troupe: a message cannot hold a long double, its size differs between machines; hold a double");
  static_assert(What != Flaw::shared_mutable,
                "troupe: a message cannot hold a shared_ptr to something that may change, across processes it would be a copy; hold a "
                "shared_ptr to const");
  static_assert(What != Flaw::polymorphic, "troupe: a message cannot hold a pointer to a polymorphic class; hold a std::variant");
  static_assert(What != Flaw::inherits, "troupe: this struct of a message inherits from another; give it a serialize function");
  static_assert(What != Flaw::too_many_fields,
                "troupe: this struct of a message has more than 32 fields; give it a serialize function or nest it");
  static_assert(What != Flaw::const_field, "troupe: a message cannot hold something const, it could not be received; drop the const");
  static_assert(What != Flaw::not_default_constructible,
                "troupe: this type of a message must be default constructible, or it could not be received");
  static_assert(What != Flaw::no_serialize,
                "troupe: this type cannot be carried in a message; make it a plain struct or give it a serialize function");
  return What == Flaw::none;
}

/// Compiles only if `T` is a message, and says in one line what is wrong with it otherwise.
template <class T>
constexpr bool check_message() {
  using Flawed = flaw_of<T>;
  return explain<T, typename Flawed::where, Flawed::what>();
}

}  // namespace detail

/// A type that can be sent: numbers, enumerations, strings, the standard containers, optional, variant, tuple, pair,
/// chrono, unique_ptr and shared_ptr to const of such types, plain structs of them, and every class with Cereal functions.
template <class T>
concept Message = detail::flaw_of<T>::what == detail::Flaw::none;

}  // namespace troupe
