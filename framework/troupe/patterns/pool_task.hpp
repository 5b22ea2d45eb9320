// troupe: actors in processes. Apache-2.0, see LICENSE.
// Functions that run as tasks of a pool: registered by the call that names them, known in every worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/node/build_id.hpp>
#include <troupe/patterns/process.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

template <class T>
class Shared;

namespace detail {

/// In a worker: what was sent once for many tasks.
class PoolStore {
 public:
  using Decode = std::shared_ptr<const void> (*)(std::span<const std::byte> encoded);
  /// The decoded blob with this number. @throws Malformed  its bytes are not what `decode` takes
  [[nodiscard]] virtual const void* get(std::uint64_t id, Decode decode) = 0;

 protected:
  ~PoolStore() = default;
};

/// What a task's function is registered for, as functions of updates are for the type that they change.
struct PoolTurn {
  PoolStore& store;
  std::uint64_t bound;
};
struct PoolTaskKind {};

/// A task's function as the pool knows it. One per function and types of arguments; lives as long as the program.
struct PoolCode {
  CodeKey key;
  std::string name;
};

/// A shared value among the arguments: its number travels.
template <class T>
struct SharedKey {
  std::uint64_t id = 0;
};

template <class T>
[[nodiscard]] std::shared_ptr<const void> decode_shared(std::span<const std::byte> encoded) {
  auto value = std::make_shared<T>();
  decode_into(encoded, *value);
  return value;
}

template <class T>
T&& in_worker(PoolStore&, T& value) {
  return std::move(value);
}
template <class T>
const T& in_worker(PoolStore&, const T& value) {
  return value;
}
template <class T>
const T& in_worker(PoolStore& store, SharedKey<T>& key) {
  return *static_cast<const T*>(store.get(key.id, &decode_shared<T>));
}
template <class T>
const T& in_worker(PoolStore& store, const SharedKey<T>& key) {
  return *static_cast<const T*>(store.get(key.id, &decode_shared<T>));
}

template <class Given>
struct SharedOf {
  using Value = Given;
  template <class Parameter>
  using Travels = Parameter;
};
template <class T>
struct SharedOf<Shared<T>> {
  using Value = T;
  template <class Parameter>
  using Travels = SharedKey<T>;
};
/// What the function is given for an argument of type `Given`.
template <class Given>
using Unshared = typename SharedOf<std::remove_cvref_t<Given>>::Value;

/// A function object whose members travel.
template <class Function>
struct Object {
  static constexpr bool has_signature = requires { &Function::operator(); };
  template <class... Args>
  static decltype(auto) call(const Function& function, Args&&... args) {
    return function(std::forward<Args>(args)...);
  }
};
template <class Function>
requires(Object<Function>::has_signature) struct SignatureOf<Object<Function>> : Signature<decltype(&Function::operator())> {
};

/// The state of the callee: of a function object its members, else nothing.
template <class Callee>
struct CalleeState {
  using Tuple = std::tuple<>;
};
template <class Function>
struct CalleeState<Object<Function>> {
  using Tuple = std::tuple<Function>;
};

template <class Callee, class... Args>
struct ParametersOf : TravelsAs<Callee, Args...> {};
template <class Function, class... Args>
requires(!Object<Function>::has_signature) struct ParametersOf<Object<Function>, Args...> {
  using Tuple = std::tuple<Travelling<Args>...>;
};

/// The parameters [first, first + count) as what is given for them travels.
template <class Parameters, std::size_t first, class Given>
struct Slice;
template <class Parameters, std::size_t first, class... Given>
struct Slice<Parameters, first, TypeList<Given...>> {
  template <std::size_t... I>
  static auto of(std::index_sequence<I...>)
      -> std::tuple<typename SharedOf<std::remove_cvref_t<Given>>::template Travels<std::tuple_element_t<first + I, Parameters>>...>;
  using Tuple = decltype(of(std::index_sequence_for<Given...>{}));
};

template <class Tuple>
constexpr void check_arguments() {
  []<class... Each>(std::type_identity<std::tuple<Each...>>) {
    (static_cast<void>(check_message<Each>()), ...);
  }(std::type_identity<Tuple>{});
}

/// @param held   the state of the callee and the bound arguments
/// @param items  the task's own
template <class Callee, class State, class Bound, class Held, class Items>
decltype(auto) call_task(PoolStore& store, const Held& held, Items& items) {
  const auto with = [&]<std::size_t... S, std::size_t... I, std::size_t... B>(std::index_sequence<S...>, std::index_sequence<I...>,
                                                                              std::index_sequence<B...>)
                        ->decltype(auto) {
    return Callee::call(std::get<S>(held)..., in_worker(store, std::get<I>(items))...,
                        in_worker(store, std::get<sizeof...(S) + B>(held))...);
  };
  return with(std::make_index_sequence<std::tuple_size_v<State>>{}, std::make_index_sequence<std::tuple_size_v<Items>>{},
              std::make_index_sequence<std::tuple_size_v<Bound>>{});
}

/// A task: `Callee` with arguments of its own, which travel as `Items`, and some that are bound for many, behind the state of the
/// callee.
template <class Callee, class Items, class Bound>
struct PoolTaskOf {
  using State = typename CalleeState<Callee>::Tuple;
  using Held = decltype(std::tuple_cat(std::declval<State>(), std::declval<Bound>()));
  static constexpr bool holds = std::tuple_size_v<Held> != 0;

  using Returned = std::decay_t<decltype(call_task<Callee, State, Bound>(std::declval<PoolStore&>(), std::declval<const Held&>(),
                                                                         std::declval<Items&>()))>;

  /// Appends the encoded result. @throws what the function throws
  static void run(void* task, std::span<const std::byte> arguments, Encoded& result) {
    const auto& [store, bound] = *static_cast<const PoolTurn*>(task);
    Held nothing;
    const Held* held = &nothing;
    if constexpr (holds) held = static_cast<const Held*>(store.get(bound, &decode_shared<Held>));
    auto items = decode<Items>(arguments);
    if constexpr (std::is_void_v<Returned>) {
      call_task<Callee, State, Bound>(store, *held, items);
    } else {
      encode(result, call_task<Callee, State, Bound>(store, *held, items));
    }
  }
  static inline const StepEntry entry{&run, &type_name<PoolTaskKind>};

  /// @throws Misuse  the program has no build id
  static const PoolCode& code(std::string (*name)()) {
    static_cast<void>(&entry);
    static const PoolCode of_this{code_key(reinterpret_cast<const void*>(&run)), name()};
    return of_this;
  }
};

/// What stands for the value of a task that has none.
template <class R>
using PoolValue = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

template <class R>
PoolValue<R> decode_result(std::span<const std::byte> encoded) {
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    return decode<R>(encoded);
  }
}

template <auto function>
[[nodiscard]] std::string name_of_function() {
  return function_name(spelled_value<function>());
}
template <class Function>
[[nodiscard]] std::string name_of_object() {
  return lambda_name(typeid(Function));
}

/// Lambdas that capture nothing are made anew in the worker; function objects travel.
template <class Function>
constexpr bool stateless = std::is_empty_v<Function>&& std::is_default_constructible_v<Function>;
template <class Function>
using CalleeOf = std::conditional_t<stateless<Function>, Lambda<Function>, Object<Function>>;

}  // namespace detail
}  // namespace troupe
