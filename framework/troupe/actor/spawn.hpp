// troupe: actors in processes. Apache-2.0, see LICENSE.
// How actors begin, here or in a process of their own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/entry.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/supervision.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/name.hpp>

namespace troupe {

namespace detail {

/// The constructor of one actor, without its types.
class Construction {
 public:
  virtual void* construct() = 0;

 protected:
  ~Construction() = default;
};

/// Runs a constructor in a new cell. @throws what it throws; nothing was started
[[nodiscard]] CellPointer spawn_here(NodeCore& node, const Behaviour& behaviour, Construction& construction);
/// The same, of an actor whose supervisor decides what becomes of it when it ends.
[[nodiscard]] CellPointer spawn_supervised(NodeCore& node, const Behaviour& behaviour, std::unique_ptr<Supervision> supervision);
[[nodiscard]] CellPointer spawn_process(NodeCore& node, const Place& place, EntryFunction entry, const Encoded& arguments,
                                        std::string name);
/// In the child: begins the actor that its process is for.
void begin_process_actor(NodeCore& node, const Behaviour& behaviour, Construction& construction);

template <class A, class Make>
struct ConstructionOf final : Construction {
  explicit ConstructionOf(Make& with) : make{with} {}
  void* construct() override { return static_cast<A*>(make()); }
  Make& make;
};

/// A process actor of class `A`, made from arguments that travel as `Args`.
template <class A, class... Args>
struct ProcessActor {
  static int run(NodeCore& node, std::span<const std::byte> encoded) {
    auto make = [&] {
      auto arguments = decode<std::tuple<Args...>>(encoded);
      return std::apply([](auto&... each) { return make_actor<A>(std::move(each)...); }, arguments);
    };
    ConstructionOf<A, decltype(make)> construction{make};
    begin_process_actor(node, behaviour_of<A>(), construction);
    return 0;
  }
  static inline const Entry entry{&run};
};

/// What an argument travels as: text by value, everything else as itself.
template <class T>
using Travelling = std::conditional_t<std::is_convertible_v<T, const char*>, std::string, std::decay_t<T>>;

}  // namespace detail

template <class A, class... Args>
Ref<A> Node::spawn(Args&&... args) {
  if constexpr (std::is_constructible_v<A, Args...>) {
    auto make = [&] { return detail::make_actor<A>(std::forward<Args>(args)...); };
    detail::ConstructionOf<A, decltype(make)> construction{make};
    return Ref<A>{detail::spawn_here(core(), detail::behaviour_of<A>(), construction)};
  } else {
    static_assert(std::is_constructible_v<A, Args...>, "the actor has no public constructor that takes these arguments");
  }
}

template <class A, class... Args>
Ref<A> Node::spawn(Place place, Args&&... args) {
  if (place == here) return spawn<A>(std::forward<Args>(args)...);
  static_assert(std::is_constructible_v<A, detail::Travelling<Args>...>,
                "the actor has no public constructor that takes these arguments by value");
  static_cast<void>(&detail::ProcessActor<A, detail::Travelling<Args>...>::entry);
  detail::Encoded arguments;
  detail::encode(arguments, std::tuple<detail::Travelling<Args>...>(std::forward<Args>(args)...));
  return Ref<A>{detail::spawn_process(core(), place, &detail::ProcessActor<A, detail::Travelling<Args>...>::run, arguments,
                                      std::string{detail::type_name<A>().name})};
}

}  // namespace troupe
