// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a program asks of its hosts, and where it starts what.
#include <optional>
#include <string>
#include <utility>

#include <troupe/cluster/host_agent.hpp>
#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/elsewhere.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/process_state.hpp>
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

// Where `place` is, unless that is just in a process of its own, beside this one.
std::optional<HostEntry> other_host(NodeCore& node, const Place& place) {
  const std::string text{place.text()};
  switch (place.kind()) {
    case Place::Kind::own_process:
      return std::nullopt;
    case Place::Kind::here:
      throw Misuse{"a process is not here: .place is own_process, or on another host"};
    case Place::Kind::every_host:
      throw Misuse{"every_host is a place for a pool's workers; an actor or a process has one host"};
    case Place::Kind::host:
      if (text == node.host_name()) return std::nullopt;
      break;
    case Place::Kind::label:
    case Place::Kind::anywhere:
      break;
  }
  if (node.router().job() != 0) return host_agent(node).ask(ChooseHost{place.kind(), text}).get();
  if (place.kind() == Place::Kind::anywhere) return std::nullopt;
  raise(ErrorType::not_found, place.kind() == Place::Kind::host
                                  ? "no host is called '" + text + "': this program has one, '" + node.host_name() + "'"
                                  : "no host has the label '" + text + "': this program has one, without labels");
}

Ref<HostAgent> agent_of(NodeCore& node, const HostEntry& host) { return Ref<HostAgent>{node.cell_at(host.agent, host.endpoint)}; }

CodeKey key_of(EntryFunction entry) { return code_key(reinterpret_cast<const void*>(entry)); }

std::vector<std::uint8_t> bytes_of(const Encoded& arguments) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(arguments.view().data());
  return {bytes, bytes + arguments.size()};
}

}  // namespace

CellPointer start_elsewhere(NodeCore& node, const Place& place, EntryFunction entry, const Encoded& arguments, std::string name) {
  const auto host = other_host(node, place);
  if (!host) return node.children().spawn(entry, arguments, std::move(name));
  const StartActor start{key_of(entry), name, bytes_of(arguments), node.id()};
  const StartedActor started = agent_of(node, *host).ask(start, node.options().start_timeout + default_patience).get();
  CellPointer cell = node.cell_at(started.address, started.endpoint);
  if (host->agent.node != node.id())
    node.children().add_elsewhere(name + " (on " + host->host.name + ')', static_cast<RemoteCell&>(*cell).session());
  if (LocalCell* parent = node.current_cell()) adopt_elsewhere(node, *parent, cell);
  return cell;
}

std::shared_ptr<ProcessState> start_elsewhere(NodeCore& node, EntryFunction entry, const Encoded& arguments,
                                              const ProcessOptions& options) {
  const auto host = other_host(node, options.place);
  if (!host) return node.children().start(entry, arguments, options);
  if (options.input_descriptor >= 0 || options.output == Output::inherited)
    throw Misuse{
        "a process on another host can have none of this one's descriptors: give it .input, and have its output relayed or captured"};
  const Ref<Steward> steward = agent_of(node, *host).ask(StartSteward{node.id()}).get();
  auto process = std::make_shared<ProcessState>(node, options);
  try {
    const StewardStart start{key_of(entry), bytes_of(arguments), options.name, options.environment, options.working_directory,
                             options.input, options.output};
    process->began(steward.ask(start, node.options().start_timeout + default_patience).get());
  } catch (...) {
    steward.stop();
    throw;
  }
  process->elsewhere([steward](int signal) { steward.tell(StewardSignal{signal}); });
  const ContextScope outside_of_actors{&node, nullptr};
  steward.ask(StewardEnd{}, forever).then([process, steward](const Result<ProcessEnd>& end) {
    if (!end) return process->give_up(end.error_info());
    try {
      process->captured(end->output, end->errors);
    } catch (const Error& error) {
      return process->give_up(error.info());
    }
    process->exited(end->exit_code);
    process->last_words(end->failure ? std::make_shared<const ErrorInfo>(*end->failure) : nullptr);
    process->output_written();
    steward.stop();
  });
  node.children().add_elsewhere(process);
  return process;
}

}  // namespace detail
}  // namespace troupe
