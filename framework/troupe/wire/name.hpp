// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who a type is on the wire: a stable name, an id of it, and a digest of what it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <typeinfo>

#include <troupe/wire/carrier.hpp>

/// Names a type for other binaries: `TROUPE_NAME(shop::Price, "shop.price")`, once, at global scope, before its first use.
/// Without it the name is the C++ name. A type keeps its name when it moves to another namespace.
#define TROUPE_NAME(type, text)                          \
  template <>                                            \
  struct troupe::detail::DeclaredName<type> {            \
    static constexpr std::string_view value = text;      \
    static_assert(!value.empty(), "TROUPE_NAME: empty"); \
  }

namespace troupe::detail {

/// The identity of a type. Lives for ever.
struct TypeName {
  std::uint64_t id = 0;      // of the name; for a local type of the digest too, as several may have one name
  std::uint64_t digest = 0;  // of what the type holds, recursively: two that differ do not understand each other
  std::string_view name;     // the declared one, else the C++ name, the same with g++ and clang
  bool local = false;        // in an anonymous namespace or a lambda: means something between equal builds only
};

template <class T>
struct DeclaredName {
  static constexpr std::string_view value{};
};

/// FNV-1a, 64 bits.
constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0xcbf29ce484222325) {
  for (const char c : text) seed = (seed ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return seed;
}
constexpr std::uint64_t hash_number(std::uint64_t number, std::uint64_t seed) {
  for (int i = 0; i < 8; ++i) seed = (seed ^ ((number >> (8 * i)) & 0xff)) * 0x100000001b3;
  return seed;
}

/// The readable name of a type, without what differs between standard libraries and demanglers.
[[nodiscard]] std::string stable_name(const std::type_info& type);

/// Makes the identity and enters it in the list that `check_type_names` reads. Threads: safe.
[[nodiscard]] const TypeName& register_type(const std::type_info& type, std::string_view declared, std::uint64_t digest);

/// Whether all types of this program can be told apart. A Node calls it when it starts.
/// @throws Misuse  two types have one id; the text names both
void check_type_names();

template <class T, class... Outer>
std::uint64_t digest_of();

template <class... Outer, class... Inner>
std::uint64_t digest_all(std::uint64_t seed, TypeList<Inner...>) {
  ((seed = hash_number(digest_of<std::remove_const_t<Inner>, Outer...>(), seed)), ...);
  return hash_number(sizeof...(Inner), seed);
}
template <class... Outer, class... Args, template <class...> class Template>
std::uint64_t digest_args(std::uint64_t seed, std::type_identity<Template<Args...>>) {
  return digest_all<Outer...>(seed, TypeList<Args...>{});
}

// `Outer` are the plain structs on the way to T, whose places stand for them within themselves.
template <class T, class... Outer>
std::uint64_t digest_of() {
  constexpr Carrier how = carrier<T>;
  const std::uint64_t seed = hash_number(static_cast<std::uint64_t>(how), hash_text("troupe"));
  if constexpr (how == Carrier::arithmetic) {
    return hash_number(sizeof(T) * 8 + std::is_signed_v<T> * 4 + std::is_floating_point_v<T> * 2 + std::is_same_v<T, bool>, seed);
  } else if constexpr (how == Carrier::enumeration) {
    return digest_of<std::underlying_type_t<T>>();
  } else if constexpr (how == Carrier::bulk || how == Carrier::sequence || how == Carrier::set) {
    // One layout, one digest: a list may become a vector.
    return digest_all<Outer...>(hash_text("elements"), TypeList<typename T::value_type>{});
  } else if constexpr (how == Carrier::map) {
    return digest_all<Outer...>(seed, TypeList<typename T::key_type, typename T::mapped_type>{});
  } else if constexpr (how == Carrier::array) {
    return digest_all<Outer...>(hash_number(std::tuple_size_v<T>, seed), TypeList<typename T::value_type>{});
  } else if constexpr (how == Carrier::optional) {
    return digest_all<Outer...>(seed, TypeList<typename T::value_type>{});
  } else if constexpr (how == Carrier::pointer) {
    return digest_all<Outer...>(seed, TypeList<typename T::element_type>{});
  } else if constexpr (how == Carrier::variant || how == Carrier::tuple) {
    return digest_args<Outer...>(seed, std::type_identity<T>{});
  } else if constexpr (how == Carrier::duration) {
    return digest_all<Outer...>(
        hash_number(static_cast<std::uint64_t>(T::period::num), hash_number(static_cast<std::uint64_t>(T::period::den), seed)),
        TypeList<typename T::rep>{});
  } else if constexpr (how == Carrier::plain) {
    if constexpr (std::is_empty_v<T>) {
      return seed;
    } else if constexpr ((std::is_same_v<T, Outer> || ...)) {
      std::uint64_t place = 0;
      (void)((++place, std::is_same_v<T, Outer>) || ...);
      return hash_number(place, hash_text("recursion"));
    } else {
      return digest_all<Outer..., T>(seed, field_types<T>{});
    }
  } else if constexpr (how == Carrier::foreign) {
    return hash_number(cereal::detail::Version<T>::version, hash_text(stable_name(typeid(T)), seed));
  } else {
    return hash_text(stable_name(typeid(T)), seed);  // nested, or no message: an actor, say
  }
}

template <class T>
const TypeName& type_name();

template <class T>
inline const bool type_is_registered = (static_cast<void>(type_name<T>()), true);

/// The identity of `T`; every type that this is called for anywhere in a program is known before `main`.
template <class T>
const TypeName& type_name() {
  static const TypeName& name = register_type(typeid(T), DeclaredName<T>::value, digest_of<T>());
  static_cast<void>(&type_is_registered<T>);
  return name;
}

}  // namespace troupe::detail
