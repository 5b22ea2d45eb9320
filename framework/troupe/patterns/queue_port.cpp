// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_port.hpp>

#include <algorithm>
#include <utility>

#include <troupe/actor/spawn.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {
constexpr std::uint64_t most_slots = 4096;  // more than is put within a round trip
constexpr std::uint64_t least_slots = 16;   // fewer are not worth a recall
}  // namespace

QueuePort::QueuePort(std::weak_ptr<QueueSide> side, const CellPointer& owner) : side_{std::move(side)} { watch(Ref<QueuePort>{owner}); }

void QueuePort::on(const QueueGrant& grant) {
  if (const auto side = side_.lock()) side->granted(grant.slots);
}
void QueuePort::on(const QueueRecallSlots&) {
  if (const auto side = side_.lock()) side->slots_recalled();
}
void QueuePort::on(const QueueRecallItems& recall) {
  if (const auto side = side_.lock()) side->items_recalled(recall.lease);
}
void QueuePort::on(const Down&) {
  if (const auto side = side_.lock()) side->owner_ended();
}

Ref<QueuePort> spawn_queue_port(std::weak_ptr<QueueSide> side, const CellPointer& owner) {
  NodeCore& node = owner->node();  // its Node may have ended: then it says so
  const ContextScope outside_of_actors{&node, nullptr};
  auto make = [&] { return make_actor<QueuePort>(std::move(side), owner); };
  ConstructionOf<QueuePort, decltype(make)> construction{make};
  return Ref<QueuePort>{spawn_here(node, behaviour_of<QueuePort>(), construction)};
}

std::uint64_t QueueSlots::join(Ref<QueuePort> port) {
  auto free = std::find_if(clients_.begin(), clients_.end(), [](const Client& client) { return !client.port; });
  if (free == clients_.end()) free = clients_.emplace(free);
  *free = {std::move(port), 0, false};
  return static_cast<std::uint64_t>(free - clients_.begin()) + 1;
}

std::uint64_t QueueSlots::client(const Ref<QueuePort>& port) const {
  const auto found =
      std::find_if(clients_.begin(), clients_.end(), [&](const Client& client) { return client.port && client.port == port; });
  return found == clients_.end() ? 0 : static_cast<std::uint64_t>(found - clients_.begin()) + 1;
}

Ref<QueuePort> QueueSlots::port(std::uint64_t client) const {
  return client == 0 || client > clients_.size() ? Ref<QueuePort>{} : clients_[client - 1].port;
}

QueueSlots::Client* QueueSlots::find(std::uint64_t client) {
  return client == 0 || client > clients_.size() ? nullptr : &clients_[client - 1];
}

void QueueSlots::replenish(std::uint64_t client, std::uint64_t room) {
  Client* filling = find(client);
  const std::uint64_t enough = std::min(room / 2, most_slots);
  if (filling == nullptr || !filling->port || filling->recalled || enough < least_slots || filling->slots > enough / 2) return;
  const std::uint64_t more = enough - filling->slots;
  filling->slots += more;
  outstanding_ += more;
  (void)filling->port.ask(QueueGrant{more}, forever);  // not told: a handle that has gone meanwhile is no dead letter
}

void QueueSlots::used(std::uint64_t client) { returned(client, 1); }

void QueueSlots::returned(std::uint64_t client, std::uint64_t slots) {
  if (Client* holder = find(client)) settle(*holder, slots);
}

// After a recall slots come back, or are used by puts that were on their way: it is over when none is left.
void QueueSlots::settle(Client& client, std::uint64_t slots) {
  const std::uint64_t settled = std::min(slots, client.slots);
  client.slots -= settled;
  outstanding_ -= settled;
  if (client.slots == 0) client.recalled = false;
}

void QueueSlots::recall() {
  for (Client& client : clients_) {
    if (client.slots == 0 || std::exchange(client.recalled, true)) continue;
    (void)client.port.ask(QueueRecallSlots{}, forever);
  }
}

std::uint64_t QueueSlots::gone(const Down& down) {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (!clients_[i].port || !down.is(clients_[i].port)) continue;
    settle(clients_[i], clients_[i].slots);
    clients_[i].port = {};
    return i + 1;
  }
  return 0;
}

}  // namespace troupe::detail
