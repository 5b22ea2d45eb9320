// troupe: actors in processes. Apache-2.0, see LICENSE.
// The owner's side of `lock()` on a value or array: who waits for it, in the order of coming, and what a death frees.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/segment.hpp>
#include <troupe/patterns/cells.hpp>
#include <troupe/patterns/cells_messages.hpp>

namespace troupe::detail {

/// The memory of cells, in a segment or the process's own. Its end is the end of the cells, for all who see them.
class CellsMemory {
 public:
  /// @param element_bytes  0: the elements are kept elsewhere
  /// @throws Misuse  no elements, or more than there can be
  /// @throws Full    no room in shared memory
  CellsMemory(Node& node, std::uint64_t count, std::uint64_t element_bytes);
  ~CellsMemory();
  CellsMemory(const CellsMemory&) = delete;
  CellsMemory& operator=(const CellsMemory&) = delete;

  [[nodiscard]] CellsHeader& header() const noexcept { return *header_; }
  [[nodiscard]] CellsInfo info() const { return {header_->count, header_->element_bytes, segment_.name()}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept;
  };
  NodeCore& node_;
  Segment segment_;
  std::unique_ptr<std::byte, Free> own_;
  CellsHeader* header_ = nullptr;
};

/// Threads: of the owner, in its turns.
class CellsQueue {
 public:
  explicit CellsQueue(CellsHeader& header) : header_{header} {}

  struct Joined {
    std::uint64_t number = 0;  // of the process; never 0
    bool is_new = false;
  };
  Joined join(Ref<CellsPort> port);
  Future<bool> take(CellsHolder who);
  Future<void> give(CellsHolder who);
  void freed();
  void gone(const Down& down);

  /// Does `work` once nobody but `who` holds the cells. Brings what it returns or throws.
  template <class Work, class R = std::invoke_result_t<Work&>>
  Future<R> when_free(CellsHolder who, Work work) {
    if (auto done = try_now<R>(who, work)) return std::move(*done);
    auto promise = std::make_shared<Promise<R>>();
    auto future = promise->future();
    wait(who, [this, promise, work = std::move(work)] {
      if (!promise->wanted()) return;
      try {
        const CellsStep step{header_};
        if constexpr (std::is_void_v<R>) {
          work();
          promise->set_value();
        } else {
          promise->set_value(work());
        }
      } catch (...) {
        promise->set_error(describe(std::current_exception()));
      }
    });
    return future;
  }

 private:
  struct Waiting {
    CellsHolder who = 0;
    std::optional<Promise<bool>> take;
    std::function<void()> work;
  };

  template <class R, class Work>
  std::optional<Future<R>> try_now(CellsHolder who, Work& work) {
    const CellsStep step{header_};
    if (step.holder() != 0 && (who == 0 || step.holder() != who)) {
      header_.wanted = 1;
      return std::nullopt;
    }
    if constexpr (std::is_void_v<R>) {
      work();
      return ready_future();
    } else {
      return ready_future(work());
    }
  }
  void wait(CellsHolder who, std::function<void()> work);
  void hand_on();

  CellsHeader& header_;
  std::deque<Waiting> waiting_;
  std::vector<Ref<CellsPort>> processes_;  // by number, from 1; null: gone
};

}  // namespace troupe::detail
