// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a pool and its workers say to each other, and what of it lies in shared memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <troupe/cluster/depot.hpp>
#include <troupe/node/build_id.hpp>
#include <troupe/patterns/step.hpp>

namespace troupe::detail {

/// Something that many tasks use: bound arguments, a function object, a shared value. Sent once to each worker, and if it is large
/// not sent but found: in memory of the pool's host, or with the depot of the worker's, which has it from the pool.
struct PoolBlobOnWire {
  std::uint64_t id = 0;
  std::string segment;
  Ref<BytesSource> source;
  Bytes bytes;  // if it is nowhere else
};

/// Tasks for a worker, to be run in this order; each item is its length, its deadline (0: none) and its encoded arguments.
struct PoolBatch {
  CodeKey key;
  std::string name;  // of the function, for people
  std::uint64_t bound = 0;
  std::vector<PoolBlobOnWire> blobs;     // that the worker does not have yet
  std::vector<std::uint64_t> forgotten;  // that nobody will use any more
  std::uint32_t slot = 0;
  std::uint32_t count = 0;
  Bytes items;
};

/// Of consecutive tasks of one batch; each is its length, its kind and an encoded value or error.
struct PoolResults {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::int64_t nanoseconds = 0;  // that they took together
  Bytes items;
};
/// Results that do not wait for the end of their batch.
struct PoolEarly {
  std::uint64_t worker = 0;
  std::uint32_t slot = 0;
  PoolResults results;
};

enum class PoolResultKind : std::uint8_t { value, error, skipped };

/// Asked of a worker once. The answer is its process.
struct PoolHello {};

/// A function with its first arguments, run once in each worker.
struct PoolInitial {
  CodeKey key;
  std::string name;
  Bytes arguments;
};

struct PoolWorkerSetup {
  std::string pool;
  std::uint64_t number = 0;
  std::string segment;  // of its marks; empty: there is no shared memory
  PoolInitial initial;
};

/// How far a worker is with a batch, in memory that it shares with its pool: tells which task died with it, and lets the pool take
/// back what has not begun without the worker's help.
struct alignas(64) PoolMark {
  /// Above: how many tasks may begin. Below: how many have.
  std::atomic<std::uint64_t> claim{0};
  std::atomic<std::uint32_t> finished{0};
  std::atomic<std::int64_t> began{0};  // the last one: nanoseconds of the steady clock

  static constexpr std::uint64_t packed(std::uint32_t limit, std::uint32_t begun) noexcept { return (std::uint64_t{limit} << 32U) | begun; }
  static constexpr std::uint32_t limit_of(std::uint64_t claim) noexcept { return static_cast<std::uint32_t>(claim >> 32U); }
  static constexpr std::uint32_t begun_of(std::uint64_t claim) noexcept { return static_cast<std::uint32_t>(claim); }

  void open(std::uint32_t tasks) noexcept {
    finished.store(0, std::memory_order_relaxed);
    began.store(0, std::memory_order_relaxed);
    claim.store(packed(tasks, 0), std::memory_order_release);
  }
  /// By the worker. @returns false: the pool has taken it back, and all behind it
  [[nodiscard]] bool begin(std::uint32_t task, std::int64_t now) noexcept {
    began.store(now, std::memory_order_relaxed);
    std::uint64_t seen = claim.load(std::memory_order_acquire);
    while (task < limit_of(seen))
      if (claim.compare_exchange_weak(seen, packed(limit_of(seen), task + 1), std::memory_order_acq_rel)) return true;
    return false;
  }
  /// By the pool. @returns how many have begun: no other ever will
  std::uint32_t take_back() noexcept {
    std::uint64_t seen = claim.load(std::memory_order_acquire);
    while (!claim.compare_exchange_weak(seen, packed(begun_of(seen), begun_of(seen)), std::memory_order_acq_rel)) {
    }
    return begun_of(seen);
  }
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Batches that a worker may have at one time: the one that runs, and the prefetched.
inline constexpr std::size_t most_pool_slots = 16;

}  // namespace troupe::detail
