// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/host_agent.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <troupe/actor/spawn.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

/// Starts one process for another host, which takes its time.
class ProcessStarter final : public Actor<ProcessStarter, StartActor> {
 public:
  StartedActor on(const StartActor& start) {
    stop();  // behind this
    NodeCore& core = node().core();
    const ContextScope outside_of_actors{&core, nullptr};
    Encoded arguments;
    arguments.append(start.arguments.data(), start.arguments.size());
    const CellPointer cell = core.children().spawn(find_entry(start.entry), arguments, start.name, start.owner);
    const RefOnWire ref = to_wire(cell);
    return {ref.address, ref.endpoint};
  }
};

double load_for_each_core() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load / static_cast<double>(usable_cores()) : 0;
}

Future<HostTable> refused(std::string why) {
  return failed_future<HostTable>(std::make_shared<const ErrorInfo>(make_error(ErrorType::refused, std::move(why))));
}

}  // namespace

HostAgent::HostAgent(HostEntry own, Ref<HostAgent> head) : own_{std::move(own)}, head_{std::move(head)} {
  hosts_.emplace(own_.host.name, own_);
  on(used());
  every(std::chrono::seconds{2}, LookAtLoad{});
}

HostTable HostAgent::table() const {
  HostTable all;
  all.number = number_;
  for (const auto& [name, entry] : hosts_) all.hosts.push_back(entry);
  return all;
}

// --- Who belongs to the job -------------------------------------------------------------------------------------------------

Future<HostTable> HostAgent::on(const AdmitHost& admit) {
  const std::string& name = admit.host.host.name;
  if (!is_head()) return refused("this host is not the head: join that");
  // Of one that has been killed and started again there is no connection any more, though it is not given up yet.
  if (const auto found = hosts_.find(name); found != hosts_.end() && found->second.agent != own_.agent)
    if (const auto former = node().core().links().find(found->second.agent.node); former == nullptr || !former->connected())
      lose(found->second.agent.node, make_error(ErrorType::node_lost, "the host '" + name + "' was started again", Executed::unknown));
  if (const auto found = hosts_.find(name); found != hosts_.end())
    return refused("a host of the job is called '" + name + "' already (at " + found->second.tcp_endpoint + "): say --troupe-name=ANOTHER");
  HostTable now = table();
  ++now.number;
  now.hosts.push_back(admit.host);
  install(now);
  return ready_future(table());
}

// The one that admitted this host may come behind a later one.
void HostAgent::on(const HostTable& table) {
  if (table.number > number_) install(table);
}

void HostAgent::install(const HostTable& now) {
  NodeCore& core = node().core();
  number_ = now.number;
  std::map<std::string, HostEntry> before = std::exchange(hosts_, {});
  std::vector<HostUp> up;
  for (const HostEntry& entry : now.hosts) {
    hosts_.emplace(entry.host.name, entry);
    const auto known = before.find(entry.host.name);
    if (known != before.end() && known->second.agent == entry.agent) {
      before.erase(known);
      continue;
    }
    if (entry.agent != own_.agent && !core.links().find(entry.agent.node))
      core.router().add_host(core.links().session(entry.agent, entry.tcp_endpoint));
    up.push_back({entry.host});
  }
  std::vector<HostDown> down;
  for (const auto& [name, entry] : before) {
    down.push_back({entry.host, make_error(ErrorType::node_lost, "the host '" + name + "' is no longer one of the job's")});
    for (const HostDown& told : now.down)
      if (told.host.name == name) down.back().reason = told.reason;
    if (const auto session = core.links().find(entry.agent.node))
      core.end_session_later(session, std::make_shared<const ErrorInfo>(down.back().reason));
    used_.erase(name);
    loads_.erase(name);
  }
  describe();
  if (is_head()) tell_others(now);  // before anybody here can have them talk to each other
  for (const WatchHosts& each : watchers_) {
    if (each.up)
      for (const HostUp& one : up) each.up.tell(one);
    if (each.down)
      for (const HostDown& one : down) each.down.tell(one);
  }
  answer_waiting();
}

void HostAgent::tell_others(const HostTable& now) const {
  for (const auto& [name, entry] : hosts_)
    if (entry.agent != own_.agent) Ref<HostAgent>{node().core().cell_at(entry.agent, entry.endpoint)}.tell(now);
}

void HostAgent::session_ended(NodeId peer, const std::shared_ptr<const ErrorInfo>& reason) {
  for (Started& each : started_)
    if (each.owner == peer && (is_head() || peer != head_.pointer()->address().node)) node().core().stop(*each.actor);
  if (!is_head()) {
    if (peer != head_.pointer()->address().node) return meet_again(peer);
    head_ended_ = *reason;
    for (auto& each : std::exchange(head_end_, {})) each.set_value(*reason);
    return;
  }
  lose(peer, *reason);
}

void HostAgent::lose(NodeId peer, const ErrorInfo& reason) {
  const auto lost = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& each) { return each.second.agent.node == peer; });
  if (lost == hosts_.end()) return;
  HostTable now = table();
  ++now.number;
  std::erase_if(now.hosts, [&](const HostEntry& each) { return each.agent.node == peer; });
  now.down.push_back({lost->second.host, reason});
  node().core().router().supersede(peer);
  install(now);
}

// The line to another host was broken for too long; whether that host is lost is the head's to say.
void HostAgent::meet_again(NodeId peer) {
  NodeCore& core = node().core();
  for (const auto& [name, entry] : hosts_)
    if (entry.agent.node == peer && !core.links().find(peer)) core.router().add_host(core.links().session(entry.agent, entry.tcp_endpoint));
}

Future<HostTable> HostAgent::on(const HostsWanted& wanted) {
  Waiting& waiting = waiting_.emplace_back(Waiting{wanted.count, {}});
  auto future = waiting.promise.future();
  answer_waiting();
  return future;
}

void HostAgent::answer_waiting() {
  std::erase_if(waiting_, [this](Waiting& each) {
    if (!each.promise.wanted()) return true;
    if (each.count > hosts_.size()) return false;
    each.promise.set_value(table());
    return true;
  });
}

void HostAgent::on(const WatchHosts& watchers) {
  watchers_.push_back(watchers);
  if (watchers.up) watch(watchers.up);
  if (watchers.down) watch(watchers.down);
}

Future<ErrorInfo> HostAgent::on(const AwaitHeadEnd&) {
  Promise<ErrorInfo>& promise = head_end_.emplace_back();
  auto future = promise.future();
  if (head_ended_) {
    promise.set_value(*head_ended_);
    head_end_.pop_back();
  }
  return future;
}

// --- Processes for others ---------------------------------------------------------------------------------------------------

Future<HostEntry> HostAgent::on(const ChooseHost& choose) {
  if (choose.kind == Place::Kind::host) {
    if (const auto found = hosts_.find(choose.text); found != hosts_.end()) return ready_future(found->second);
  } else if (!is_head()) {
    return head_.ask(choose);
  }
  const HostEntry* best = nullptr;
  const auto load = [this](const HostEntry& entry) {
    return static_cast<double>(used_[entry.host.name]) / static_cast<double>(std::max<std::size_t>(entry.host.slots, 1));
  };
  const auto room = [this](const HostEntry& entry) {
    return std::max<std::int64_t>(static_cast<std::int64_t>(entry.host.slots) - static_cast<std::int64_t>(used_[entry.host.name]), 0);
  };
  for (const auto& [name, entry] : hosts_) {
    const auto& labels = entry.host.labels;
    if (choose.kind == Place::Kind::host) continue;
    if (choose.kind == Place::Kind::label && std::find(labels.begin(), labels.end(), choose.text) == labels.end()) continue;
    if (best == nullptr || room(entry) > room(*best) || (room(entry) == room(*best) && load(entry) < load(*best))) best = &entry;
  }
  if (best == nullptr) {
    std::string names;
    for (const auto& [name, entry] : hosts_) names += (names.empty() ? "" : ", ") + name;
    return failed_future<HostEntry>(std::make_shared<const ErrorInfo>(
        make_error(ErrorType::not_found, (choose.kind == Place::Kind::label ? "no host has the label '" : "no host is called '") +
                                             choose.text + "'; the job has " + names)));
  }
  ++used_[best->host.name];  // until it says so itself
  return ready_future(*best);
}

void HostAgent::on(const HostUsed& used) {
  used_[used.host] = used.processes;
  loads_[used.host] = used.load;
  describe();
}

Task<StartedActor> HostAgent::on(const StartActor& start) {
  const Ref<ProcessStarter> starter = spawn<ProcessStarter>();
  StartedActor started;
  try {
    started = co_await starter.ask(start, forever);
  } catch (...) {
    tell_used();  // who chose this host has counted it
    throw;
  }
  CellPointer cell = node().core().cell_at(started.address, started.endpoint);
  const bool owned = start.owner == node().core().id() || node().core().links().find(start.owner) != nullptr;
  if (!owned) node().core().stop(*cell);  // it has ended meanwhile, which was heard before
  look_after(std::move(cell), start.owner);
  co_return started;
}

Ref<Steward> HostAgent::on(const StartSteward& start) {
  Ref<Steward> steward = spawn<Steward>();
  look_after(steward.pointer(), start.owner);
  return steward;
}

Ref<Depot> HostAgent::on(const OpenDepot&) {
  if (!depot_) depot_ = spawn<Depot>();
  return depot_;
}

void HostAgent::look_after(CellPointer started, NodeId owner) {
  watch(Ref<HostAgent>{started});
  started_.push_back({std::move(started), owner});
  tell_used();
}

void HostAgent::on(const Down& down) {
  const auto ended = std::erase_if(started_, [&](const Started& each) { return each.actor->address() == down.address; });
  if (ended != 0) return tell_used();
  std::erase_if(watchers_, [&](const WatchHosts& each) { return down.is(each.up) || down.is(each.down); });
}

HostUsed HostAgent::used() const { return {own_.host.name, started_.size(), load_for_each_core()}; }

void HostAgent::tell_used() {
  if (head_ended_) return;
  on(used());
  if (!is_head()) head_.tell(used());
}

void HostAgent::on(const LookAtLoad&) {
  constexpr double worth_telling = 0.05;
  if (std::abs(load_for_each_core() - loads_[own_.host.name]) >= worth_telling) tell_used();
}

void HostAgent::describe() const {
  std::vector<HostLine> lines;
  for (const auto& [name, entry] : hosts_) {
    const auto load = loads_.find(name);
    lines.push_back({name, entry.agent.node, entry.tcp_endpoint, entry.host.slots, entry.host.labels, entry.host.head ? "head" : "joined",
                     load == loads_.end() ? 0 : load->second});
  }
  node().core().router().describe(std::move(lines));
}

Ref<HostAgent> host_agent(NodeCore& node) {
  const Router& router = node.router();
  if (router.job() == 0) throw Misuse{"this program has no other hosts: start it with --troupe-listen or --troupe-join"};
  return Ref<HostAgent>{node.cell_at(router.host_node(), router.is_host_node() ? node.endpoint() : router.host_node_endpoint())};
}

}  // namespace troupe::detail
