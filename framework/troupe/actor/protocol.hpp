// troupe: actors in processes. Apache-2.0, see LICENSE.
// What an actor's class says about its messages, read at compile time.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <troupe/node/cell.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/memory.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/name.hpp>

namespace troupe {
template <class T>
class Task;
template <class T>
class Future;
}  // namespace troupe

namespace troupe::detail {

template <class... Messages>
struct Protocol {
  template <class M>
  static constexpr bool contains = (std::is_same_v<M, Messages> || ...);
};

/// `a.on(message)`, with the message given away where the handler takes it by value.
template <class A, class M>
decltype(auto) call_handler(A& actor, M& message) {
  if constexpr (requires { actor.on(std::move(message)); }) {
    return actor.on(std::move(message));
  } else {
    static_assert(
        requires { actor.on(message); },
        "this actor's list of messages names a type for which it has no `on(const Type&)`, or that is private");
    return actor.on(message);
  }
}

/// What the handler of `M` returns.
template <class A, class M>
using Returned = std::remove_cvref_t<decltype(call_handler(std::declval<A&>(), std::declval<M&>()))>;

/// What an answer is made of: of a handler that may await or answers later, what its Task or Future brings.
template <class R>
struct Answer {
  using Type = R;
  static constexpr bool is_later = false;
};
template <class R>
struct Answer<Task<R>> {
  using Type = R;
  static constexpr bool is_later = false;
};
template <class R>
struct Answer<Future<R>> {
  using Type = R;
  static constexpr bool is_later = true;
};

/// What an ask of `M` to `A` brings.
template <class A, class M>
using Reply = typename Answer<Returned<A, M>>::Type;

/// Answers whoever asked in this turn.
template <class R, class Value>
void reply(const Turn& turn, Value&& value) {
  if (turn.asker != nullptr) {
    static_cast<TypedState<R>*>(turn.asker)->fulfil(std::forward<Value>(value));
  } else if (turn.ask_id != 0) {
    Encoded payload{message_headroom};
    if constexpr (!std::is_void_v<R>) encode(payload, value);
    turn.reply_encoded(payload);
  }
}

template <class A, class M>
void begin_task(A& actor, M& message, const Turn& turn);  // task.hpp
template <class R>
void answer_later(Future<R>&& future, const Turn& turn);  // promise.hpp

template <class A, class M>
void handle(A& actor, M& message, const Turn& turn) {
  using R = Reply<A, M>;
  if constexpr (Answer<Returned<A, M>>::is_later) {
    answer_later<R>(call_handler(actor, message), turn);
  } else if constexpr (!std::is_same_v<R, Returned<A, M>>) {
    begin_task(actor, message, turn);
  } else if constexpr (std::is_void_v<R>) {
    call_handler(actor, message);
    reply<void>(turn, std::monostate{});
  } else {
    reply<R>(turn, call_handler(actor, message));
  }
}

/// A message on its way within the process: the payload lies behind the header.
template <class A, class M>
struct TypedMessage final : LocalMessage {
  M payload;

  template <class Value>
  static LocalMessage& make(Value&& value, FutureState* asker) {
    void* memory = take_memory(sizeof(TypedMessage));
    try {
      return *new (memory) TypedMessage{std::forward<Value>(value), asker};
    } catch (...) {
      give_memory(memory, sizeof(TypedMessage));
      throw;
    }
  }

  static void destroy(LocalMessage& message) noexcept {
    auto& typed = static_cast<TypedMessage&>(message);
    typed.~TypedMessage();
    give_memory(&typed, sizeof(TypedMessage));
  }
  static void handle_it(void* actor, LocalMessage& message, Turn& turn) {
    struct Guard {
      LocalMessage& message;
      ~Guard() { destroy(message); }
    } const guard{message};
    handle(*static_cast<A*>(actor), static_cast<TypedMessage&>(message).payload, turn);
  }
  static constexpr Operations table{&handle_it, &destroy, &type_name<M>};

 private:
  template <class Value>
  TypedMessage(Value&& value, FutureState* asked)
      : LocalMessage{{nullptr, reinterpret_cast<std::uintptr_t>(&table) | MailNode::local}, asked}, payload(std::forward<Value>(value)) {}
};

template <class A, class M>
void handle_encoded(void* actor, std::span<const std::byte> payload, Turn& turn) {
  M message = decode<M>(payload);
  turn.decoded();
  handle(*static_cast<A*>(actor), message, turn);
}

template <class A, class M>
LocalMessage& make_erased(void* message, FutureState* asker) {
  return TypedMessage<A, M>::make(std::move(*static_cast<M*>(message)), asker);
}

/// Ends a future when another one ends, whatever it brings.
class EndToo final : public Continuation {
 public:
  explicit EndToo(FutureState& done) noexcept : done_{static_cast<TypedState<void>*>(&done)} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    if (state.error() != nullptr) {
      done_->fail(state.error());
    } else {
      done_->fulfil(std::monostate{});
    }
  }
  void call(FutureState&) override {}
  [[nodiscard]] bool wanted() override { return done_->wanted(); }

 private:
  const Counted<TypedState<void>> done_;
};

template <class A, class M>
FutureState* make_asker(FutureState& done) {
  using R = Reply<A, M>;
  if constexpr (std::is_void_v<R>) {
    done.hold();
    return &done;
  } else {
    auto* state = TypedState<R>::make(done.node());
    state->attach(std::make_unique<EndToo>(done));
    return state;
  }
}

template <class A, class M>
constexpr Behaviour::Handler handler_of{&type_name<M>, &handle_encoded<A, M>, &make_erased<A, M>, &make_asker<A, M>};

template <class A, class P>
struct HandlerTable;
template <class A, class... Messages>
struct HandlerTable<A, Protocol<Messages...>> {
  static constexpr Behaviour::Handler handlers[]{handler_of<A, Messages>...};
};

/// Actors lie in the pieces that messages lie in, unless they want a stricter alignment.
template <class A, class... Args>
A* make_actor(Args&&... args) {
  if constexpr (alignof(A) > 16) return new A(std::forward<Args>(args)...);
  void* memory = take_memory(sizeof(A));
  try {
    return new (memory) A(std::forward<Args>(args)...);
  } catch (...) {
    give_memory(memory, sizeof(A));
    throw;
  }
}
template <class A>
void unmake_actor(A* actor) noexcept {
  if constexpr (alignof(A) > 16) {
    delete actor;
  } else {
    actor->~A();
    give_memory(actor, sizeof(A));
  }
}

template <class A>
const Behaviour& behaviour_of() {
  static constexpr Behaviour behaviour{
      [] { return type_name<A>().name; },
      HandlerTable<A, typename A::TroupeProtocol>::handlers,
      [](void* actor) { static_cast<A*>(actor)->troupe_start(); },
      [](void* actor) { static_cast<A*>(actor)->troupe_stopping(); },
      [](void* actor) noexcept { unmake_actor(static_cast<A*>(actor)); },
  };
  return behaviour;
}

}  // namespace troupe::detail
