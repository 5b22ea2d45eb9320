// troupe: actors in processes. Apache-2.0, see LICENSE.
// How the owner of a value or array works with elements of one type: one table per type, found by the type's name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <troupe/patterns/cells.hpp>
#include <troupe/patterns/cells_messages.hpp>
#include <troupe/patterns/step.hpp>
#include <troupe/patterns/sum.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/name.hpp>

namespace troupe::detail {

struct CellsKind {
  const TypeName& (*type)();
  std::size_t element_bytes;                           // 0: they cannot lie in shared memory
  std::shared_ptr<void> (*make)(std::uint64_t count);  // then they are these
  /// Within a step. @throws Malformed, and what the type's own operators throw; nothing was changed
  void (*run)(CellsHeader& header, void* objects, const CellsAsk& ask, Encoded& result);
};

/// Registers a kind; a static of the template that needs it.
class CellsKindEntry {
 public:
  explicit CellsKindEntry(const CellsKind& kind) noexcept;
  CellsKindEntry(const CellsKindEntry&) = delete;
  CellsKindEntry& operator=(const CellsKindEntry&) = delete;

 private:
  friend const CellsKind& find_cells_kind(std::uint64_t type);
  const CellsKind& kind_;
  const CellsKindEntry* const next_;
};

/// @throws NotFound  this program has no values or arrays of that type
[[nodiscard]] const CellsKind& find_cells_kind(std::uint64_t type);

/// Elements as the owner has them.
template <class T>
class OwnedCells {
 public:
  OwnedCells(CellsHeader& header, void* objects) noexcept : header_{header}, objects_{static_cast<T*>(objects)} {}
  [[nodiscard]] std::uint64_t count() const noexcept { return header_.count; }
  [[nodiscard]] T load(std::uint64_t index) const {
    if constexpr (shareable<T>) {
      return Cells<T>{header_}.load(index);
    } else {
      return objects_[index];
    }
  }
  void store(std::uint64_t index, T value) {
    if constexpr (shareable<T>) {
      Cells<T>{header_}.store(index, value);
    } else {
      objects_[index] = std::move(value);
    }
  }

 private:
  CellsHeader& header_;
  T* const objects_;
};

template <class T>
struct CellsKindOf {
  static void run(CellsHeader& header, void* objects, const CellsAsk& ask, Encoded& result) {
    OwnedCells<T> cells{header, objects};
    const auto argument = [&] { return decode<T>(as_bytes(ask.arguments)); };
    const auto fill = [&](const std::vector<T>& values) {
      for (std::uint64_t i = 0; i < cells.count(); ++i) cells.store(i, values[std::min<std::size_t>(i, values.size() - 1)]);
    };
    switch (ask.op) {
      case CellsOp::get:
        return encode(result, cells.load(ask.index));
      case CellsOp::get_all: {
        std::vector<T> all;
        for (std::uint64_t i = 0; i < cells.count(); ++i) all.push_back(cells.load(i));
        return encode(result, all);
      }
      case CellsOp::set:
        return cells.store(ask.index, argument());
      case CellsOp::set_all:
        return fill(decode<std::vector<T>>(as_bytes(ask.arguments)));
      case CellsOp::fill:
        return fill(std::vector<T>{argument()});
      case CellsOp::exchange: {
        T value = argument();
        encode(result, cells.load(ask.index));
        return cells.store(ask.index, std::move(value));
      }
      case CellsOp::add:
      case CellsOp::subtract: {
        T value = sum(cells.load(ask.index), argument(), ask.op == CellsOp::subtract);
        encode(result, value);
        return cells.store(ask.index, std::move(value));
      }
      case CellsOp::update: {
        T value = cells.load(ask.index);
        const Bytes brought = take_step(value, decode<Step>(as_bytes(ask.arguments)));
        result.append(brought.data(), brought.size());
        return cells.store(ask.index, std::move(value));
      }
    }
    throw Misuse{"an operation that there is not"};
  }
  static std::shared_ptr<void> make([[maybe_unused]] std::uint64_t count) {
    if constexpr (shareable<T>) {
      return nullptr;
    } else {
      return std::shared_ptr<T[]>{new T[count]{}};
    }
  }
  static constexpr CellsKind kind{&type_name<T>, shareable<T> ? sizeof(T) : 0, &make, &run};
  static inline const CellsKindEntry entry{kind};
};

}  // namespace troupe::detail
