// troupe: actors in processes. Apache-2.0, see LICENSE.
// One worker as its pool sees it: its process, and the tasks that it was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/segment.hpp>
#include <troupe/patterns/pool_job.hpp>
#include <troupe/patterns/pool_messages.hpp>
#include <troupe/patterns/pool_worker.hpp>

namespace troupe::detail {

/// A task until its result is there.
struct PoolItem {
  std::shared_ptr<PoolJob> job;  // null: it has its result
  std::size_t index = 0;
  Bytes arguments;
  int attempts = 0;  // that ended with a worker
};

/// What was sent to a worker at one time.
struct PoolParcel {
  enum class State : std::uint8_t {
    free,
    unsent,    // there was no room on the way to the worker
    sent,      // its answer is awaited
    answered,  // the worker is done with it; results may still be on another way
  };
  State state = State::free;
  std::vector<PoolItem> items;
  std::size_t left = 0;  // without a result
  PoolCost* cost = nullptr;
  TimePoint sent{};
};

/// Guarded by the pool's owner.
struct PoolMember {
  enum class Life : std::uint8_t { starting, ready, retiring };

  explicit PoolMember(std::uint64_t with_number) : number{with_number} {}
  [[nodiscard]] PoolMark* mark(std::size_t slot) const noexcept {
    return marks == nullptr ? nullptr : &reinterpret_cast<PoolMark*>(marks->data())[slot];
  }

  const std::uint64_t number;
  bool elsewhere = false;  // on another host
  std::string host = {};   // of several, where it is to run; empty: as the pool's place says
  Life life = Life::starting;
  Ref<PoolWorker> ref;
  int pid = 0;
  std::unique_ptr<Segment> marks;   // null: nothing is shared
  std::vector<PoolParcel> parcels;  // one for each slot
  std::size_t busy = 0;             // slots in use
  std::size_t left = 0;             // tasks without a result
  std::size_t given = 0;            // tasks in its life
  bool timed_out = false;
  TimePoint until{};                                                           // by when it must have retired
  std::vector<std::pair<std::uint64_t, std::weak_ptr<const PoolBlob>>> blobs;  // that it has

  // Where it stands among those with as many busy slots, and among those that have more than they can run at once.
  std::list<PoolMember*>* line = nullptr;
  std::list<PoolMember*>::iterator place;
  bool rich = false;
  std::list<PoolMember*>::iterator rich_place;
};

}  // namespace troupe::detail
