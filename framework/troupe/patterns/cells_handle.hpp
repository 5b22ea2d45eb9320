// troupe: actors in processes. Apache-2.0, see LICENSE.
// What Value and Array do with their elements: in shared memory where it is within reach, else by asking the owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/patterns/cells.hpp>
#include <troupe/patterns/cells_kind.hpp>
#include <troupe/patterns/cells_owner.hpp>
#include <troupe/patterns/cells_side.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/patterns/sum.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::detail {

template <class T>
class CellsHandle {
 public:
  /// Takes it for several steps: until the lock's scope ends, everybody else who uses it waits. Waits without limit itself; who
  /// dies with it frees it, and `abandoned()` of the next lock says so. `lock` again in the same thread or actor: as often unlocked.
  /// @throws Closed     the owner has ended; it is not held
  /// @throws ActorDied  the owner's process died; it is not held
  ArrayLock lock() const { return side().lock(); }
  /// For people.
  [[nodiscard]] const std::string& name() const { return side().name(); }
  /// Ends the owner: every later call throws Closed.
  void destroy() const { side().owner().stop(); }

  /// Its name below /dev/shm; empty: it lies with its owner.
  [[nodiscard]] const std::string& segment() const { return side().info().segment; }

  explicit operator bool() const noexcept { return side_ != nullptr; }
  friend bool operator==(const CellsHandle& left, const CellsHandle& right) { return left.owner() == right.owner(); }

  template <class Archive>
  void save(Archive& archive) const {
    archive(owner(), side_ ? side_->name() : std::string{}, side_ ? side_->info() : CellsInfo{});
  }
  template <class Archive>
  void load(Archive& archive) {
    Ref<CellsOwner> named;
    std::string name;
    CellsInfo info;
    archive(named, name, info);
    side_ = named ? CellsSide::find(named, std::move(name), std::move(info)) : nullptr;
    if (side_ != nullptr && side_->info().element_bytes != (shareable<T> ? sizeof(T) : 0))
      raise(ErrorType::malformed, "a handle to a value or array whose elements have another size");
  }

 protected:
  CellsHandle() noexcept = default;
  CellsHandle(Node& node, std::uint64_t count, const std::vector<T>& first, PatternOptions options) {
    check_message<T>();
    static_cast<void>(&CellsKindOf<T>::entry);
    const auto made =
        spawn_owner<CellsOwner>(node, options.place, type_name<T>().id, count, first.empty() ? Bytes{} : encoded_bytes(first));
    side_ = CellsSide::find(made, std::move(options.name), made.ask(CellsDescribe{}).get());
  }

  [[nodiscard]] CellsSide& side() const {
    if (side_ == nullptr) raise_no_owner("value or array");
    return *side_;
  }

  [[nodiscard]] T get_at(std::size_t index) const {
    if constexpr (shareable<T>) {
      if (CellsHeader* header = side().direct(); header != nullptr)
        if (const auto value = Cells<T>{*header}.peek(index)) return *value;
    }
    std::optional<T> value;
    if (directly([&](auto& cells) { value = cells.load(index); })) return *value;
    return ask<T>(CellsOp::get, index);
  }
  [[nodiscard]] std::vector<T> get_all() const {
    std::vector<T> values;
    if (directly([&](auto& cells) { values = cells.all(); })) return values;
    return ask<std::vector<T>>(CellsOp::get_all, 0);
  }
  void set_at(std::size_t index, const T& value) const {
    if (directly([&](auto& cells) { cells.store(index, value); })) return;
    (void)side().ask(CellsOp::set, index, encoded_bytes(value));
  }
  void fill_all(const T& value) const {
    if (directly([&](auto& cells) {
          for (std::size_t i = 0; i < side().info().count; ++i) cells.store(i, value);
        }))
      return;
    (void)side().ask(CellsOp::fill, 0, encoded_bytes(value));
  }
  T add_at(std::size_t index, const T& amount, bool less) const {
    std::optional<T> result;
    if (directly([&](auto& cells) { cells.store(index, result.emplace(sum(cells.load(index), amount, less))); })) return *result;
    return ask<T>(less ? CellsOp::subtract : CellsOp::add, index, encoded_bytes(amount));
  }
  T exchange_at(std::size_t index, const T& value) const {
    std::optional<T> old;
    if (directly([&](auto& cells) {
          old = cells.load(index);
          cells.store(index, value);
        }))
      return *old;
    return ask<T>(CellsOp::exchange, index, encoded_bytes(value));
  }
  bool compare_exchange_at(std::size_t index, const T& expected, const T& desired) const {
    bool done = false;
    if (directly([&](auto& cells) {
          done = cells.load(index) == expected;
          if (done) cells.store(index, desired);
        }))
      return done;
    using Made = StepOf<T, ReplaceIfEqual<T>, T, T>;
    return Made::result(side().ask(CellsOp::update, index, encoded_bytes(Made::make(expected, desired))));
  }
  template <class F, class... Args>
  StepResult<T, F, Args...> update_at(std::size_t index, Args... args) const {
    using Made = StepOf<T, F, Args...>;
    if constexpr (shareable<T>) {
      std::optional<ArrayLock> waited;
      for (int i = 0; i < 2 && side().direct() != nullptr; ++i) {
        if constexpr (std::is_void_v<StepResult<T, F, Args...>>) {
          if (directly([&](auto& cells) { change<F>(cells, index, args...); })) return;
        } else {
          std::optional<StepResult<T, F, Args...>> result;
          if (directly([&](auto& cells) { result.emplace(change<F>(cells, index, args...)); })) return std::move(*result);
        }
        waited.emplace(lock());  // somebody holds it
      }
    }
    return Made::result(side().ask(CellsOp::update, index, encoded_bytes(Made::make(std::move(args)...))));
  }

 private:
  [[nodiscard]] Ref<CellsOwner> owner() const { return side_ ? side_->owner() : Ref<CellsOwner>{}; }
  /// Does `work` as one step in shared memory. @returns false: it is out of reach, or somebody else holds it
  template <class Work>
  bool directly(Work&& work) const {
    if constexpr (shareable<T>) {
      CellsHeader* header = side().direct();
      if (header == nullptr) return false;
      const CellsStep step{*header};
      if (const CellsHolder holder = step.holder(); holder != 0 && holder != side().me()) return false;
      Cells<T> cells{*header};
      work(cells);
      return true;
    }
    return false;
  }
  template <class F, class... Args>
  static decltype(auto) change(Cells<T>& cells, std::size_t index, Args&... args) {
    T value = cells.load(index);
    if constexpr (std::is_void_v<StepResult<T, F, Args...>>) {
      run_step<T, F>(value, args...);
      cells.store(index, value);
    } else {
      auto result = run_step<T, F>(value, args...);
      cells.store(index, value);
      return result;
    }
  }
  template <class R>
  [[nodiscard]] R ask(CellsOp op, std::size_t index, Bytes arguments = {}) const {
    return decode<R>(as_bytes(side().ask(op, index, std::move(arguments))));
  }

  std::shared_ptr<CellsSide> side_;
};

}  // namespace troupe::detail
