// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a program asks of its hosts, and where it starts what.
#include <string>
#include <utility>

#include <troupe/cluster/host_agent.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/elsewhere.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/watch.hpp>

namespace troupe {

namespace {

using namespace detail;

std::vector<Host> hosts_of(const HostTable& table) {
  std::vector<Host> hosts;
  for (const HostEntry& entry : table.hosts) hosts.push_back(entry.host);
  return hosts;
}

}  // namespace

std::vector<Host> Node::hosts() const {
  if (core_->router().job() == 0) return {{host_name(), usable_cores(), {}, true}};
  return hosts_of(host_agent(*core_).ask<HostsWanted>().get());
}

void Node::wait_for_hosts(std::size_t count, Duration patience) const {
  if (core_->router().job() == 0) {
    if (count <= 1) return;
    throw Misuse{"this program has no other hosts to wait for: start it with --troupe-listen=tcp://ADDRESS:PORT"};
  }
  const auto reached = host_agent(*core_).ask(HostsWanted{count}, patience).result();
  if (reached) return;
  if (reached.error().type != ErrorType::timeout) raise(reached.error_info());
  std::string names;
  for (const Host& host : hosts()) names += (names.empty() ? "" : ", ") + host.name;
  raise(ErrorType::timeout, "the job has fewer than " + std::to_string(count) + " hosts: " + names);
}

void Node::watch_hosts(const Recipient<HostUp>& up, const Recipient<HostDown>& down) const {
  const auto elsewhere = [](const auto& each) { return each && !each.pointer()->local(); };
  if (elsewhere(up) || elsewhere(down)) throw Misuse{"hosts are watched by actors of this node"};
  if (core_->router().job() != 0) host_agent(*core_).ask(WatchHosts{up, down}).get();
}

namespace detail {

namespace {

/// Tells the parent of an actor elsewhere of its end.
class TellParent final : public Continuation {
 public:
  TellParent(LocalCell& parent, CellPointer child) : parent_{&parent}, child_{std::move(child)} {}
  void settled(std::unique_ptr<Continuation>, FutureState&) override { parent_->post_child_ended(child_); }
  void call(FutureState&) override {}

 private:
  const Counted<LocalCell> parent_;
  const CellPointer child_;
};

void adopt_elsewhere(NodeCore& node, LocalCell& parent, const CellPointer& child) {
  parent.add_child(child);
  const auto ended = Counted<TypedState<Ending>>::adopt(TypedState<Ending>::make(node));
  ended->attach(std::make_unique<TellParent>(parent, child));
  Session& session = *static_cast<RemoteCell&>(*child).session();
  const std::uint64_t ask = node.pending().add(*ended, session);
  Encoded nothing{message_headroom};
  const auto gone = session.send({EnvelopeKind::watch, child->id(), nullptr, parent.id(), ask, TimePoint::max()}, nothing, forever);
  if (gone != nullptr) ended->fail(gone);
}

}  // namespace

CellPointer start_elsewhere(NodeCore& node, const Place& place, EntryFunction entry, const Encoded& arguments, std::string name) {
  if (place.kind() == Place::Kind::every_host) throw Misuse{"every_host is a place for a pool's workers; an actor has one host"};
  const bool own = place.kind() == Place::Kind::host && place.text() == node.host_name();
  const bool alone = node.router().job() == 0;
  if (own || (alone && place.kind() == Place::Kind::anywhere)) return node.children().spawn(entry, arguments, std::move(name));
  if (alone) {
    const std::string text{place.text()};
    raise(ErrorType::not_found, place.kind() == Place::Kind::host
                                    ? "no host is called '" + text + "': this program has one, '" + node.host_name() + "'"
                                    : "no host has the label '" + text + "': this program has one, without labels");
  }
  const HostEntry host = host_agent(node).ask(ChooseHost{place.kind(), std::string{place.text()}}).get();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(arguments.view().data());
  const StartActor start{code_key(reinterpret_cast<const void*>(entry)), std::move(name), {bytes, bytes + arguments.size()}, node.id()};
  const Ref<HostAgent> agent{node.cell_at(host.agent, host.endpoint)};
  const StartedActor started = agent.ask(start, node.options().start_timeout + default_patience).get();
  CellPointer cell = node.cell_at(started.address, started.endpoint);
  if (LocalCell* parent = node.current_cell()) adopt_elsewhere(node, *parent, cell);
  return cell;
}

}  // namespace detail
}  // namespace troupe
