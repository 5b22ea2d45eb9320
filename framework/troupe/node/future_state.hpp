// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a future and the one who fulfils it share: a value or an error, once, and who waits for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include <troupe/node/clock.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/memory.hpp>
#include <troupe/node/timer.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/result.hpp>

namespace troupe::detail {

class FutureState;
class NodeCore;
class Parker;

/// What is to run when a future is fulfilled. Owned by the future until then.
class Continuation {
 public:
  virtual ~Continuation() = default;
  /// Runs once, on the thread that settles the future: hands the work on, does not do it.
  virtual void settled(std::unique_ptr<Continuation> self, FutureState& state) = 0;
  /// Runs the callback itself, where `settled` sent it.
  virtual void call(FutureState& state) = 0;
  /// The future counts as ready only when `call` has returned.
  [[nodiscard]] virtual bool holds_back() const { return false; }
  /// Somebody waits behind it who can still get the value.
  [[nodiscard]] virtual bool wanted() { return true; }
  /// It need not be called any more, and may be dropped.
  [[nodiscard]] virtual bool spent() const noexcept { return false; }

  /// The one that was attached behind it.
  [[nodiscard]] std::unique_ptr<Continuation> take_next() noexcept { return std::move(next_); }

 private:
  friend class FutureState;
  std::unique_ptr<Continuation> next_;
};

/// Fulfilled exactly once: who wins `claim` writes value or error, then settles.
///
/// Lifetime: counted; the asker, the message on its way and the table of pending asks each hold a share.
/// Threads: safe.
class FutureState : public Timer {
 public:
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;

  void hold() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  [[nodiscard]] bool settled() const noexcept { return phase_.load(std::memory_order_acquire) == Phase::settled; }
  /// Whether anybody can still get the value: not ended, and of who is attached not all have given up.
  [[nodiscard]] bool wanted();
  [[nodiscard]] bool claimed() const noexcept { return phase_.load(std::memory_order_relaxed) != Phase::open; }
  /// @returns true for the one caller that may fulfil
  [[nodiscard]] bool claim() noexcept {
    Phase expected = Phase::open;
    return phase_.compare_exchange_strong(expected, Phase::claimed, std::memory_order_acq_rel);
  }
  /// Ends it with an error, if nobody was first.
  void fail(std::shared_ptr<const ErrorInfo> error);
  void fail(ErrorInfo error) { fail(std::make_shared<const ErrorInfo>(std::move(error))); }
  /// Ends it as cancelled, and tells who was asked elsewhere. @returns false: it has ended already
  bool cancel();
  /// Ends it with the value that `payload` encodes, or as malformed, if nobody was first.
  void fulfil_encoded(std::span<const std::byte> payload);
  /// To be called by the claimer after the value was written.
  void settle();

  /// Null: there is a value. @pre settled
  [[nodiscard]] const std::shared_ptr<const ErrorInfo>& error() const noexcept { return error_; }

  /// Runs `continuation` when settled; at once if it is.
  void attach(std::unique_ptr<Continuation> continuation);

  /// A thread that waits. Lies on its stack.
  struct Waiter {
    Parker* parker;
    Waiter* next = nullptr;
  };
  /// @returns false: already settled, and the waiter was not added
  bool add_waiter(Waiter& waiter);
  void remove_waiter(Waiter& waiter);

  /// The ask's own deadline; the end of time: none.
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  /// Sets the deadline and schedules it at the node. To be called once, before the future is shared.
  void expire_at(TimePoint deadline);
  void fire() final;

  [[nodiscard]] NodeCore& node() const noexcept { return node_; }
  /// Under which the answer is awaited from another process; 0: from this one.
  [[nodiscard]] std::uint64_t ask_id() const noexcept { return ask_id_.load(); }
  void set_ask_id(std::uint64_t id) noexcept { ask_id_.store(id); }

 protected:
  explicit FutureState(NodeCore& node) noexcept : node_{node} {}
  ~FutureState() = default;
  virtual void destroy() noexcept = 0;
  virtual void decode_value(std::span<const std::byte> payload) = 0;

 private:
  enum class Phase : std::uint8_t { open, claimed, settled };
  void finish_settling();
  void forget_deadline();

  NodeCore& node_;
  std::atomic<std::uint32_t> references_{1};
  std::atomic<Phase> phase_{Phase::open};
  bool timed_ = false;
  std::mutex mutex_;
  Waiter* waiters_ = nullptr;
  std::unique_ptr<Continuation> continuations_;
  std::shared_ptr<const ErrorInfo> error_;
  TimePoint deadline_ = TimePoint::max();
  std::atomic<std::uint64_t> ask_id_{0};
};

/// Also of what it contains: a vector always looks as if it could be copied.
template <class T>
constexpr bool is_copyable = std::is_copy_constructible_v<T>;
template <class T>
requires requires { typename T::value_type; }
constexpr bool is_copyable<T> = std::is_copy_constructible_v<T> && is_copyable<typename T::value_type>;

/// With a value of type `T`.
template <class T>
class TypedState final : public FutureState {
 public:
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  [[nodiscard]] static TypedState* make(NodeCore& node) { return new (take_memory(sizeof(TypedState))) TypedState{node}; }

  /// Ends it with a value, if nobody was first.
  template <class Value>
  void fulfil(Value&& value) {
    if (!claim()) return;
    value_.emplace(std::forward<Value>(value));
    settle();
  }

  /// Moves the value out, or throws the error. @pre settled
  [[nodiscard]] Stored take() {
    if (error() != nullptr) raise(error());
    return std::move(*value_);
  }
  /// @pre settled
  [[nodiscard]] Result<T> result() {
    if (error() != nullptr) return Result<T>{error()};
    if constexpr (std::is_void_v<T>) {
      return Result<T>{};
    } else if constexpr (is_copyable<T>) {
      return Result<T>{T{*value_}};
    } else {
      return Result<T>{std::move(*value_)};
    }
  }

 private:
  explicit TypedState(NodeCore& node) : FutureState{node} {}
  void destroy() noexcept override {
    this->~TypedState();
    give_memory(this, sizeof(TypedState));
  }
  void decode_value([[maybe_unused]] std::span<const std::byte> payload) override {
    if constexpr (std::is_void_v<T>) {
      value_.emplace();
    } else if constexpr (carrier<T> != Carrier::none) {
      value_.emplace(decode<T>(payload));
    } else {
      raise(ErrorType::malformed, "a value of this type is made where it is, and does not travel");
    }
  }

  std::optional<Stored> value_;
};

}  // namespace troupe::detail
