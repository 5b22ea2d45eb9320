// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the handles of one process to one value or array share: the memory, if it is within reach, and who they are to its owner.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <troupe/actor/ref.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/segment.hpp>
#include <troupe/patterns/cells.hpp>
#include <troupe/patterns/cells_messages.hpp>
#include <troupe/patterns/cells_owner.hpp>

namespace troupe {

/// Several steps as one: as long as it lives, only the thread or actor that took it uses the value or array. It may take it again.
///
/// Threads: one at a time; whoever ends it must be who took it.
class [[nodiscard]] ArrayLock {
 public:
  ArrayLock(std::shared_ptr<detail::CellsSide> side, detail::CellsHolder holder, bool abandoned) noexcept
      : side_{std::move(side)}, holder_{holder}, abandoned_{abandoned} {}
  ArrayLock(ArrayLock&& other) noexcept = default;
  ArrayLock& operator=(ArrayLock&&) = delete;
  ~ArrayLock();

  /// Ends it before its scope does. Again: no effect.
  void unlock() noexcept;
  /// Whether who held it before died with it: what it protects may be half done.
  [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

 private:
  std::shared_ptr<detail::CellsSide> side_;  // null: unlocked
  detail::CellsHolder holder_;
  bool abandoned_;
};

namespace detail {

/// Threads: safe.
class CellsSide final : public std::enable_shared_from_this<CellsSide> {
 public:
  /// The one of this process for that owner; made if there is none.
  [[nodiscard]] static std::shared_ptr<CellsSide> find(const Ref<CellsOwner>& owner, std::string name, CellsInfo info);
  ~CellsSide();
  CellsSide(const CellsSide&) = delete;
  CellsSide& operator=(const CellsSide&) = delete;

  [[nodiscard]] const Ref<CellsOwner>& owner() const noexcept { return owner_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const CellsInfo& info() const noexcept { return info_; }

  /// The cells in shared memory. @returns null: they are reached through their owner, or have ended with it
  [[nodiscard]] CellsHeader* direct() {
    CellsHeader* header = direct_.load(std::memory_order_acquire);
    return header != nullptr || attached_.load(std::memory_order_acquire) ? header : attach();
  }
  /// Who the calling thread or actor is to the owner; 0: its process has never locked anything.
  [[nodiscard]] CellsHolder me() const noexcept;
  /// @throws Closed, ActorDied  the owner has ended; it is not held. Blocks.
  [[nodiscard]] ArrayLock lock();
  void unlock(CellsHolder holder);
  /// Asks the owner, who waits for whoever holds them. Blocks. @throws what the operation throws there
  [[nodiscard]] Bytes ask(CellsOp op, std::uint64_t index, Bytes arguments = {}) const;
  void owner_ended();

 private:
  CellsSide(Ref<CellsOwner> owner, std::string name, CellsInfo info)
      : owner_{std::move(owner)}, name_{std::move(name)}, info_{std::move(info)} {}
  CellsHeader* attach();
  [[nodiscard]] CellsHolder known_me();
  const Ref<CellsPort>& port();  // under the mutex

  const Ref<CellsOwner> owner_;
  const std::string name_;
  const CellsInfo info_;
  std::atomic<CellsHeader*> direct_{nullptr};
  std::atomic<bool> attached_{false};
  std::atomic<std::uint64_t> number_{0};
  std::mutex mutex_;
  Segment segment_;
  Ref<CellsPort> port_;
};

}  // namespace detail
}  // namespace troupe
