// troupe: actors in processes. Apache-2.0, see LICENSE.
// Functions of the user's that change what an owner holds: named so that the owner's process finds them, run there as one step.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/actor/spawn.hpp>
#include <troupe/node/build_id.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/name.hpp>

namespace troupe::detail {

/// `f` as a type: what travels of it is its name.
template <auto f>
struct FunctionOf {
  template <class... A>
  requires std::is_invocable_v<decltype(f), A...>
  decltype(auto) operator()(A&&... arguments) const { return std::invoke(f, std::forward<A>(arguments)...); }
};

template <class F>
constexpr void check_captureless() {
  static_assert(std::is_empty_v<F> && std::is_default_constructible_v<F>,
                "troupe: a lambda that captures cannot run in another process; give what it needs as arguments: "
                "update([](auto value, int by) { return value + by; }, by)");
}

/// Whether `f(value, args...)` brings the new value; else it changes a `V&`, and brings what it likes.
template <class V, class F, class... Args>
inline constexpr bool replaces = std::is_invocable_r_v<V, F, V, Args&...>;

template <class V, class F, class... Args>
struct StepResultOf {
  using Type = std::decay_t<std::invoke_result_t<F, V&, Args&...>>;
};
template <class V, class F, class... Args>
requires replaces<V, F, Args...>
struct StepResultOf<V, F, Args...> {
  using Type = V;
};
/// What an update brings: the new value, or what a function brings that changes the value itself.
template <class V, class F, class... Args>
using StepResult = typename StepResultOf<V, F, Args...>::Type;

template <class V, class F, class... Args>
StepResult<V, F, Args...> run_step(V& value, Args&... args) {
  if constexpr (replaces<V, F, Args...>) {
    value = std::invoke(F{}, V(value), args...);  // a copy: should it throw, the value is as it was
    return value;
  } else {
    static_assert(std::is_invocable_v<F, V&, Args&...>, "troupe: update calls f(value, args...), and this function does not take that");
    return std::invoke(F{}, value, args...);
  }
}

/// Changes a value with arguments that travelled, and appends to `result` what it brings.
using StepFunction = void (*)(void* value, std::span<const std::byte> arguments, Encoded& result);

/// Registers a step for values of one type; a static of the template that needs it.
class StepEntry {
 public:
  StepEntry(StepFunction run, const TypeName& (*type)()) noexcept;
  StepEntry(const StepEntry&) = delete;
  StepEntry& operator=(const StepEntry&) = delete;

 private:
  friend StepFunction find_step(const CodeKey& key, const TypeName& type, const std::string& name);
  const StepFunction run_;
  const TypeName& (*const type_)();
  const StepEntry* const next_;
};

/// The step of this program with this key.
/// @throws NotFound  it has none for values of that type; the text names function and program
[[nodiscard]] StepFunction find_step(const CodeKey& key, const TypeName& type, const std::string& name);

/// Something encoded, within a message.
using Bytes = std::vector<std::uint8_t>;
[[nodiscard]] Bytes to_bytes(const Encoded& encoded);
[[nodiscard]] std::span<const std::byte> as_bytes(const Bytes& bytes);
template <class T>
[[nodiscard]] Bytes encoded_bytes(const T& value) {
  Encoded encoded;
  encode(encoded, value);
  return to_bytes(encoded);
}

/// A step as it travels.
struct Step {
  CodeKey key;
  std::string name;  // for people
  Bytes arguments;
};

template <class V, class F, class... Args>
struct StepOf {
  using Result = StepResult<V, F, Args...>;

  static void run(void* value, std::span<const std::byte> arguments, Encoded& result) {
    auto all = decode<std::tuple<Args...>>(arguments);
    std::apply(
        [&](Args&... each) {
          if constexpr (std::is_void_v<Result>) {
            run_step<V, F>(*static_cast<V*>(value), each...);
          } else {
            encode(result, run_step<V, F>(*static_cast<V*>(value), each...));
          }
        },
        all);
  }
  static inline const StepEntry entry{&run, &type_name<V>};

  /// @throws Misuse  the program has no build id
  template <class... Given>
  static Step make(Given&&... given) {
    check_captureless<F>();
    static_cast<void>(&entry);
    static const CodeKey key = code_key(reinterpret_cast<const void*>(&run));
    static const std::string name = stable_name(typeid(F));
    return {key, name, encoded_bytes(std::tuple<Args...>(std::forward<Given>(given)...))};
  }
  static Result result(const Bytes& bytes) {
    if constexpr (!std::is_void_v<Result>) return decode<Result>(as_bytes(bytes));
  }
};

/// Runs at the owner what `StepOf<V, ...>::make` made elsewhere. @throws what the function throws
template <class V>
Bytes take_step(V& value, const Step& step) {
  Encoded result;
  find_step(step.key, type_name<V>(), step.name)(&value, as_bytes(step.arguments), result);
  return to_bytes(result);
}

/// The step of `compare_exchange`: made where that is called, since whether a type can be compared shows only then.
template <class V>
struct ReplaceIfEqual {
  bool operator()(V& value, const V& expected, const V& desired) const {
    if (!(value == expected)) return false;
    value = desired;
    return true;
  }
};

}  // namespace troupe::detail
