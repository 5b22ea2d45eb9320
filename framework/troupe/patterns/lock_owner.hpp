// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor behind a lock and the conditions that go with it: who holds it, who waits for it, who waits to be notified.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/holder.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

enum class Reentry : std::uint8_t { refused, counted };

struct LockTake {
  Holder holder;
  Duration wait{};
};
struct LockGive {
  Holder holder;
};
struct LockLook {
  Holder holder;
};
struct LockLooks {
  bool locked = false;
  bool mine = false;
  bool abandoned = false;
};
struct NewCondition {};
/// Gives the lock back, waits to be notified, and takes it again.
struct ConditionWait {
  Holder holder;
  std::uint64_t condition = 0;
  Duration wait{};
};
struct ConditionNotify {
  Holder holder;
  std::uint64_t condition = 0;
  std::uint64_t count = 0;
};
struct LockExpired {
  std::uint64_t waiting = 0;
};

class LockOwner final
    : public Actor<LockOwner, LockTake, LockGive, LockLook, NewCondition, ConditionWait, ConditionNotify, LockExpired, Down> {
 public:
  LockOwner(Reentry reentry, std::string name) : reentry_{reentry}, name_{std::move(name)} {}

  /// Brings whether it was taken; false: not within the wait.
  Future<bool> on(const LockTake& take);
  Future<void> on(const LockGive& give);
  LockLooks on(const LockLook& look) const;
  std::uint64_t on(const NewCondition&) { return ++conditions_; }
  /// Brings whether it was notified, once the lock is taken again.
  Future<bool> on(const ConditionWait& wait);
  Future<void> on(const ConditionNotify& notify);
  void on(const LockExpired& expired);
  void on(const Down& down);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Holder holder;
    std::uint64_t depth = 1;      // to be held with
    std::uint64_t condition = 0;  // of those who wait to be notified
    bool result = true;
    Promise<bool> done;
    TimerHandle timer;
  };

  void know(const Holder& holder);
  Waiting& wait(std::deque<Waiting>& line, const Holder& holder, Duration patience);
  void hand_on();
  [[nodiscard]] std::shared_ptr<const ErrorInfo> misuse(const char* text) const;

  const Reentry reentry_;
  const std::string name_;
  Holder holder_;
  std::uint64_t depth_ = 0;  // 0: nobody holds it
  bool abandoned_ = false;
  std::deque<Waiting> takers_;
  std::deque<Waiting> sleepers_;  // wait to be notified
  std::vector<Ref<Presence>> known_;
  std::uint64_t conditions_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace troupe::detail
