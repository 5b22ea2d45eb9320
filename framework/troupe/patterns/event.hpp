// troupe: actors in processes. Apache-2.0, see LICENSE.
// An event between threads, actors and processes: set or not, and who waits for it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/owner.hpp>

namespace troupe {

namespace detail {

struct EventPut {
  bool set = false;
};
struct EventWait {
  Duration wait{};
};
struct EventExpired {
  std::uint64_t waiting = 0;
};

/// The actor behind an event.
class EventOwner final : public Actor<EventOwner, EventPut, EventWait, EventExpired> {
 public:
  void on(const EventPut& put);
  Future<bool> on(const EventWait& waits);
  void on(const EventExpired& expired);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Promise<bool> done;
    TimerHandle timer;
  };
  bool set_ = false;
  std::deque<Waiting> waiting_;
  std::uint64_t last_number_ = 0;
};

}  // namespace detail

/// Something that has happened or not. A handle: cheap to copy; may be an argument, a member, part of a message.
///
/// Lifetime: until `destroy` or the end of the node that made it; the handle may outlive it. Then every member throws Closed.
/// Threads:  safe. Empty (default constructed): every member throws Misuse.
class Event : public detail::OwnerHandle<detail::EventOwner> {
 public:
  Event() noexcept = default;
  /// Not set. @throws Closed  the node is ending
  explicit Event(Node& node, PatternOptions options = {});

  /// From now on it is set: all who wait go on.
  void set() const;
  void clear() const;
  [[nodiscard]] bool is_set() const;
  /// Waits until it is set, without limit. @throws Closed, ActorDied  the owner has ended, or its process died
  void wait() const;
  /// @returns whether it was set within `patience`
  bool wait_for(Duration patience) const;
  /// The same without blocking: for `co_await`.
  [[nodiscard]] Future<bool> wait_async(Duration patience = forever) const;
};

}  // namespace troupe
