// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pool_keeper.hpp>

#include <algorithm>
#include <utility>

#include <troupe/actor/spawn.hpp>
#include <troupe/cluster/host_agent.hpp>
#include <troupe/node/core.hpp>
#include <troupe/patterns/owner.hpp>

namespace troupe::detail {

PoolKeeper::PoolKeeper(std::weak_ptr<PoolOwner> owner) : owner_{owner.lock()} {
  // Those on other hosts are waited for, without much to do here.
  const std::size_t starters = owner_->spreads() ? 16 : std::min(usable_cores(), owner_->size());
  for (std::size_t i = 0; i < starters; ++i) starters_.push_back(spawn<PoolStarter>(self()));
  if (node().core().router().job() == 0) return;
  owner_->offers(spawn<BytesSource>([owner = owner_](std::uint64_t id) { return owner->offered(id); }));
  if (!owner_->spreads()) return;
  const Ref<HostAgent> agent = host_agent(node().core());
  agent.tell(WatchHosts{self(), self()});
  agent.ask(HostsWanted{}, forever).then([this](const Result<HostTable>& table) {
    if (!table) return;  // the node ends
    std::vector<Host> hosts;
    for (const HostEntry& entry : table->hosts) hosts.push_back(entry.host);
    owner_->hosts(std::move(hosts));
  });
}

void PoolKeeper::on(const PoolLook&) {
  next_look_.cancel();
  PoolTodo todo = owner_->look();
  if (todo.over) return stop();
  for (PoolStart& start : todo.starts) starters_[next_starter_++ % starters_.size()].tell(std::move(start), forever);
  if (todo.again != TimePoint::max()) next_look_ = send_after(todo.again - node().core().clock().now(), PoolLook{});
}

void PoolKeeper::on(const PoolStarted& started) {
  const std::uint64_t number = started.number;
  numbers_[started.worker.pointer()->address()] = number;
  owner_->started(number, started.worker);
  watch(started.worker);
  started.worker.ask(PoolHello{}, forever).then([this, number](const Result<int>& pid) {
    if (pid) owner_->ready(number, *pid);
  });
}

void PoolKeeper::on(const PoolNotStarted& not_started) { owner_->not_started(not_started.number, not_started.why); }

void PoolKeeper::on(const PoolEarly& early) { owner_->arrived(early.worker, early.slot, early.results, PoolOwner::Part::early); }

void PoolKeeper::on(const PoolRefused& refused) {
  owner_->refused(refused.number, refused.slot, std::make_shared<const ErrorInfo>(refused.why));
}

void PoolKeeper::on(const Down& down) {
  const auto found = numbers_.find(down.address);
  if (found == numbers_.end()) return;
  owner_->down(found->second, down);
  numbers_.erase(found);
}

void PoolKeeper::on_stop() { owner_->give_up(); }

void PoolStarter::on(const PoolStart& start) {
  const Place place = node().core().has_processes() ? start.place : here;  // in a testing::World
  try {
    keeper_.tell(PoolStarted{start.setup.number, spawn_owner<PoolWorker>(node(), place, start.setup, Recipient<PoolEarly>{keeper_})},
                 forever);
  } catch (const Error& error) {
    keeper_.tell(PoolNotStarted{start.setup.number, *error.info()}, forever);
  }
}

}  // namespace troupe::detail
