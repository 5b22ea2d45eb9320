// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who an actor is, for those who write to it.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/actor/future.hpp>
#include <troupe/actor/protocol.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/context.hpp>

namespace troupe {

namespace detail {

/// A ref as it travels.
struct RefOnWire {
  Address address;
  std::string endpoint;  // of its node
};
[[nodiscard]] RefOnWire to_wire(const CellPointer& cell);
/// @throws Misuse  nobody decodes for a node here
[[nodiscard]] CellPointer from_wire(const RefOnWire& ref);

[[noreturn]] void raise_null_ref();
/// To an actor elsewhere, or a seat.
void tell_remote(Cell& target, const TypeName& type, Encoded& payload, Duration patience);
void ask_remote(Cell& target, const TypeName& type, Encoded& payload, FutureState& state, Duration patience);
void stop_actor(Cell& cell);
void kill_actor(Cell& cell);
[[nodiscard]] std::string name_of(const Cell* cell);
[[nodiscard]] std::strong_ordering compare(const Cell* left, const Cell* right);
[[nodiscard]] std::size_t hash_of(const Cell* cell);
[[nodiscard]] TimePoint now(const Cell& cell);

/// The running turn belongs to another node of this process than `cell`: nodes share messages over inproc, not memory.
[[nodiscard]] inline bool foreign(const Cell& cell) noexcept { return context().cell != nullptr && context().node != &cell.node(); }
/// The running turn's own way to a foreign cell.
[[nodiscard]] CellPointer way_to(Cell& cell);

/// The handler of a local cell for messages of `type`; null: the cell is elsewhere.
/// @throws Malformed  it has none
[[nodiscard]] const Behaviour::Handler* handler_for(const CellPointer& cell, const TypeName& type);

template <class M, class Make>
void tell(Cell& cell, M&& message, Duration patience, Make make) {
  using Plain = std::remove_cvref_t<M>;
  if (foreign(cell)) return tell<M>(*way_to(cell), std::forward<M>(message), patience, make);
  if (cell.local()) [[likely]] {
    static_cast<LocalCell&>(cell).deliver(make(std::forward<M>(message), nullptr), patience);
    return;
  }
  Encoded payload{message_headroom};
  encode(payload, std::as_const(message));
  tell_remote(cell, type_name<Plain>(), payload, patience);
}

}  // namespace detail

/// A small copyable value that names an actor, wherever it lives: in this process, in another one.
///
/// Lifetime: does not keep the actor alive, and may outlive it: then tells are dead letters and asks end as `closed` or `died`.
/// Threads: distinct refs may be used from distinct threads.
template <class A>
class Ref {
 public:
  /// Names nobody: every member but the comparisons and `bool` throws Misuse.
  Ref() noexcept = default;
  explicit Ref(detail::CellPointer cell) noexcept : cell_{std::move(cell)} {}

  /// Sends `message`. Returns once it is accepted: it arrives unless the actor ends or a process dies first, in order behind
  /// what this thread or actor sent to it before.
  ///
  /// @param patience  longest wait for room; a message from a handler to an actor of this process waits in an outbox instead
  /// @throws Full       no room within `patience`; nothing was sent
  /// @throws Malformed  larger than the largest message, or nested too deeply; nothing was sent
  /// Blocks while there is no room.
  template <class M>
  void tell(M&& message, Duration patience = default_patience) const {
    using Plain = std::remove_cvref_t<M>;
    check<Plain>();
    detail::tell<M>(cell(), std::forward<M>(message), patience, &detail::TypedMessage<A, Plain>::template make<M>);
  }

  /// Sends `message` and brings what its handler returns or throws.
  ///
  /// @param patience  until when the answer must be there, for this side and the other; the future then ends as Timeout, and
  ///                  a handler that has not begun never does
  /// @returns a future that ends exactly once, also when the actor, its process or its host dies
  /// @throws Full, Malformed  as `tell`; nothing was sent
  /// Blocks while there is no room.
  template <class M>
  auto ask(M&& message, Duration patience = default_patience) const -> Future<detail::Reply<A, std::remove_cvref_t<M>>> {
    using Plain = std::remove_cvref_t<M>;
    check<Plain>();
    using R = detail::Reply<A, Plain>;
    detail::Cell& target = cell();
    if (detail::foreign(target)) return Ref{detail::way_to(target)}.ask(std::forward<M>(message), patience);
    auto state = detail::Counted<detail::TypedState<R>>::adopt(detail::TypedState<R>::make(target.node()));
    state->expire_at(detail::after(detail::now(target), patience));
    if (target.local()) [[likely]] {
      state->hold();
      static_cast<detail::LocalCell&>(target).deliver(
          detail::TypedMessage<A, Plain>::template make<M>(std::forward<M>(message), state.get()), patience);
    } else {
      detail::Encoded payload{detail::message_headroom};
      detail::encode(payload, std::as_const(message));
      detail::ask_remote(target, detail::type_name<Plain>(), payload, *state, patience);
    }
    return Future<R>{std::move(state)};
  }

  /// The same with a message made of `args`: `ref.ask<Price>("tea")`.
  template <class M, class... Args>
  requires(sizeof...(Args) != 1 || !(std::is_same_v<M, std::remove_cvref_t<Args>> && ...)) auto ask(Args&&... args) const {
    return ask(M{std::forward<Args>(args)...});
  }

  /// Ends the actor once it has handled what this thread or actor told it before; the rest of its mailbox is dead letters.
  void stop() const { detail::stop_actor(cell()); }
  /// Ends the actor before its next turn, overtaking everything; a process actor's process by SIGKILL.
  void kill() const { detail::kill_actor(cell()); }

  /// For people: its class and number.
  [[nodiscard]] std::string name() const { return detail::name_of(cell_.get()); }
  explicit operator bool() const noexcept { return static_cast<bool>(cell_); }
  friend bool operator==(const Ref& left, const Ref& right) { return detail::compare(left.cell_.get(), right.cell_.get()) == 0; }
  friend std::strong_ordering operator<=>(const Ref& left, const Ref& right) {
    return detail::compare(left.cell_.get(), right.cell_.get());
  }
  template <class Stream>
  friend auto operator<<(Stream& out, const Ref& ref) -> decltype(out << std::string{}) {
    return out << ref.name();
  }

  [[nodiscard]] const detail::CellPointer& pointer() const noexcept { return cell_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(detail::to_wire(cell_));
  }
  template <class Archive>
  void load(Archive& archive) {
    detail::RefOnWire ref;
    archive(ref);
    cell_ = detail::from_wire(ref);
  }

 private:
  template <class M>
  static constexpr void check() {
    static_assert(A::TroupeProtocol::template contains<M>, "this message is not in the actor's list: Actor<Self, Messages...>");
    detail::check_message<M>();
  }
  [[nodiscard]] detail::Cell& cell() const {
    if (!cell_) detail::raise_null_ref();
    return *cell_;
  }

  detail::CellPointer cell_;
};

/// A ref to whoever takes `M`. May be sent in messages, as refs may.
template <class M>
class Recipient {
 public:
  Recipient() noexcept = default;
  template <class A>
  Recipient(const Ref<A>& ref)  // NOLINT(google-explicit-constructor): every ref whose actor takes M is one
      requires(A::TroupeProtocol::template contains<M>)
      : cell_{ref.pointer()}, handler_{&detail::handler_of<A, M>} {}

  /// As `Ref::tell`.
  void tell(M message, Duration patience = default_patience) const {
    const auto make = [this](M&& given, detail::FutureState* asker) -> detail::LocalMessage& { return handler_->make(&given, asker); };
    detail::tell<M>(cell(), std::move(message), patience, make);
  }
  /// As `Ref::ask`, but leaves out the answer: the future ends when the message was handled.
  [[nodiscard]] Future<void> ask(M message, Duration patience = default_patience) const {
    detail::Cell& target = cell();
    if (detail::foreign(target)) return Recipient{detail::way_to(target), handler_}.ask(std::move(message), patience);
    using State = detail::TypedState<void>;
    auto done = detail::Counted<State>::adopt(State::make(target.node()));
    done->expire_at(detail::after(detail::now(target), patience));
    if (target.local()) {
      static_cast<detail::LocalCell&>(target).deliver(handler_->make(&message, handler_->asker(*done)), patience);
    } else {
      detail::Encoded payload{detail::message_headroom};
      detail::encode(payload, std::as_const(message));
      detail::ask_remote(target, detail::type_name<M>(), payload, *done, patience);
    }
    return Future<void>{std::move(done)};
  }

  [[nodiscard]] std::string name() const { return detail::name_of(cell_.get()); }
  explicit operator bool() const noexcept { return static_cast<bool>(cell_); }
  friend bool operator==(const Recipient& left, const Recipient& right) {
    return detail::compare(left.cell_.get(), right.cell_.get()) == 0;
  }
  [[nodiscard]] const detail::CellPointer& pointer() const noexcept { return cell_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(detail::to_wire(cell_));
  }
  template <class Archive>
  void load(Archive& archive) {
    detail::RefOnWire ref;
    archive(ref);
    cell_ = detail::from_wire(ref);
    handler_ = detail::handler_for(cell_, detail::type_name<M>());
  }

 private:
  Recipient(detail::CellPointer cell, const detail::Behaviour::Handler* handler) noexcept : cell_{std::move(cell)}, handler_{handler} {}
  [[nodiscard]] detail::Cell& cell() const {
    if (!cell_) detail::raise_null_ref();
    return *cell_;
  }

  detail::CellPointer cell_;
  const detail::Behaviour::Handler* handler_ = nullptr;  // of a cell in this process
};

}  // namespace troupe

template <class A>
struct std::hash<troupe::Ref<A>> {
  std::size_t operator()(const troupe::Ref<A>& ref) const { return troupe::detail::hash_of(ref.pointer().get()); }
};
