// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor that starts a pool's workers, and hears of their ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/patterns/pool_messages.hpp>
#include <troupe/patterns/pool_owner.hpp>
#include <troupe/patterns/pool_worker.hpp>

namespace troupe::detail {

/// There may be something to do.
struct PoolLook {};
struct PoolStarted {
  std::uint64_t number = 0;
  Ref<PoolWorker> worker;
};
struct PoolNotStarted {
  std::uint64_t number = 0;
  ErrorInfo why;
};
/// A batch was not run: one side could not read the other.
struct PoolRefused {
  std::uint64_t number = 0;
  std::uint64_t slot = 0;
  ErrorInfo why;
};

class PoolStarter;

/// Ends when its pool has, and ends its pool when its node does.
class PoolKeeper final : public Actor<PoolKeeper, PoolLook, PoolStarted, PoolNotStarted, PoolEarly, PoolRefused, HostUp, HostDown, Down> {
 public:
  explicit PoolKeeper(std::weak_ptr<PoolOwner> owner);

  void on(const PoolLook&);
  void on(const PoolStarted& started);
  void on(const PoolNotStarted& not_started);
  void on(const PoolEarly& early);
  void on(const PoolRefused& refused);
  void on(const HostUp& up) { owner_->host_up(up.host); }
  void on(const HostDown& down) { owner_->host_down(down.host.name); }
  void on(const Down& down);

 private:
  void on_stop() override;

  const std::shared_ptr<PoolOwner> owner_;
  std::vector<Ref<PoolStarter>> starters_;  // a start waits for its process
  std::size_t next_starter_ = 0;
  std::map<Address, std::uint64_t> numbers_;
  TimerHandle next_look_;
};

/// Starts processes one after the other.
class PoolStarter final : public Actor<PoolStarter, PoolStart> {
 public:
  explicit PoolStarter(Ref<PoolKeeper> keeper) : keeper_{std::move(keeper)} {}
  void on(const PoolStart& start);

 private:
  const Ref<PoolKeeper> keeper_;
};

}  // namespace troupe::detail
