// troupe: actors in processes. Apache-2.0, see LICENSE.
// Cells: the elements of a Value or an Array in memory, shared by processes or the owner's own, and how they are changed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

namespace troupe::detail {

/// Who holds cells: the number of a process at their owner, and a thread or actor of it. 0: nobody.
using CellsHolder = std::uint64_t;
inline constexpr unsigned cells_caller_bits = 40;
inline constexpr CellsHolder cells_handed_on = UINT64_MAX - 1;  // held for whom the owner will give them to
inline constexpr CellsHolder cells_ended = UINT64_MAX;
[[nodiscard]] constexpr std::uint64_t process_of(CellsHolder holder) noexcept { return holder >> cells_caller_bits; }

/// What lies before the elements. Everything is changed under the mutex; atomic is what is read without it.
struct CellsHeader {
  std::uint64_t layout = 0;
  std::uint64_t count = 0;
  std::uint64_t element_bytes = 0;             // 0: elsewhere, as objects
  std::atomic<std::uint64_t> gate{0};          // odd: somebody holds them; moves on with each change of that
  std::atomic<CellsHolder> holder{0};          // of `lock()`
  std::uint64_t depth = 0;                     // how often it holds them
  std::uint64_t wanted = 0;                    // not 0: somebody waits at the owner
  std::uint64_t abandoned = 0;                 // not 0: who held them before has died
  std::atomic<std::uint64_t> half_written{0};  // element + 1, whose old value lies in the spare element
  alignas(64) std::array<std::byte, 64> mutex{};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::is_standard_layout_v<CellsHeader>);

/// Of the elements from the header, and of each: the spare element lies between the two.
inline constexpr std::size_t cells_alignment = 64;
[[nodiscard]] constexpr std::size_t spare_offset() noexcept {
  return (sizeof(CellsHeader) + cells_alignment - 1) / cells_alignment * cells_alignment;
}
[[nodiscard]] constexpr std::size_t elements_offset(std::size_t element_bytes) noexcept {
  return spare_offset() + (element_bytes + cells_alignment - 1) / cells_alignment * cells_alignment;
}

/// Makes cells of zeros in `memory`, which is all zeros.
CellsHeader& make_cells(std::byte* memory, std::uint64_t count, std::uint64_t element_bytes);
/// The cells that another process made there. @returns null: they are not what they should be
[[nodiscard]] CellsHeader* find_cells(std::byte* memory, std::size_t bytes, std::uint64_t count, std::uint64_t element_bytes) noexcept;

/// A step: nobody else's comes between. For the time of one call, never of a caller's work.
/// A process that dies within one leaves the cells as they were before, or after.
class CellsStep {
 public:
  /// @throws Misuse  the calling thread is within a step on these cells
  explicit CellsStep(CellsHeader& header);
  ~CellsStep();
  CellsStep(const CellsStep&) = delete;
  CellsStep& operator=(const CellsStep&) = delete;

  [[nodiscard]] CellsHolder holder() const noexcept { return header_.holder.load(std::memory_order_relaxed); }
  /// From here on `holder` is the only one who may take steps; 0: all may.
  void set_holder(CellsHolder holder) noexcept;
  [[nodiscard]] CellsHeader& header() const noexcept { return header_; }

 private:
  CellsHeader& header_;
};

struct CellsTaken {
  bool taken = false;
  bool abandoned = false;  // who held them before has died
};
enum class IfHeld : std::uint8_t { leave, want };
/// Takes the cells for `who`, once more if it has them; `want`: if it cannot, the owner is to hand them on.
[[nodiscard]] CellsTaken try_take(CellsHeader& header, CellsHolder who, IfHeld otherwise);
enum class CellsGiven : std::uint8_t { free, still_held, wanted, not_held };
/// Gives them back. @returns `wanted`: the owner is to hand them on
[[nodiscard]] CellsGiven give_back(CellsHeader& header, CellsHolder who);

/// Nobody takes a step any more.
void end_cells(CellsHeader& header) noexcept;

/// Whether cells of `T` may lie in shared memory.
template <class T>
inline constexpr bool shareable = std::is_trivially_copyable_v<T> && alignof(T) <= cells_alignment;

/// Elements that lie behind their header.
template <class T>
class Cells {
  static_assert(shareable<T>);

 public:
  explicit Cells(CellsHeader& header) noexcept
      : header_{header}, elements_{reinterpret_cast<T*>(reinterpret_cast<std::byte*>(&header) + elements_offset(sizeof(T)))} {}

  /// Reads without a step. @returns nothing: somebody holds them just now
  [[nodiscard]] std::optional<T> peek(std::size_t index) const noexcept {
    if constexpr (atomic) {
      const std::uint64_t gate = header_.gate.load(std::memory_order_acquire);
      if ((gate & 1U) != 0) return std::nullopt;
      const T value = std::atomic_ref<T>{elements_[index]}.load(std::memory_order_acquire);
      if (header_.gate.load(std::memory_order_relaxed) == gate) return value;
    }
    return std::nullopt;
  }

  // Within a step:

  [[nodiscard]] T load(std::size_t index) const noexcept {
    if constexpr (atomic) return std::atomic_ref<T>{elements_[index]}.load(std::memory_order_relaxed);
    return elements_[index];
  }
  void store(std::size_t index, const T& value) noexcept {
    if constexpr (atomic) {
      std::atomic_ref<T>{elements_[index]}.store(value, std::memory_order_release);
    } else {
      // The fences are for the compiler: what a killed process has done is what stands before some point of it.
      std::memcpy(static_cast<void*>(reinterpret_cast<std::byte*>(&header_) + spare_offset()), &elements_[index], sizeof(T));
      std::atomic_signal_fence(std::memory_order_seq_cst);
      header_.half_written.store(index + 1, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      std::memcpy(static_cast<void*>(&elements_[index]), &value, sizeof(T));
      std::atomic_signal_fence(std::memory_order_seq_cst);
      header_.half_written.store(0, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> copy;
    copy.reserve(header_.count);
    for (std::size_t i = 0; i < header_.count; ++i) copy.push_back(load(i));
    return copy;
  }

 private:
  static constexpr bool atomic = [] {
    if constexpr (shareable<T>) return std::atomic_ref<T>::is_always_lock_free && std::atomic_ref<T>::required_alignment <= sizeof(T);
    return false;
  }();

  CellsHeader& header_;
  T* elements_;
};

}  // namespace troupe::detail
