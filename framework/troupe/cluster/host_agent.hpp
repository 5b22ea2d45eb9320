// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor of a host node that speaks for its host: it knows the others, and starts processes for them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/actor/task.hpp>
#include <troupe/cluster/depot.hpp>
#include <troupe/cluster/steward.hpp>
#include <troupe/node/build_id.hpp>
#include <troupe/node/host.hpp>
#include <troupe/node/place.hpp>

namespace troupe::detail {

/// A host as the others know it.
struct HostEntry {
  Host host;
  Address agent;
  std::string endpoint;      // of its node, for actors
  std::string tcp_endpoint;  // the same, for host nodes
};

/// To the head: this host wants to join. Answered with all.
struct AdmitHost {
  HostEntry host;
};
/// From the head: who belongs to the job, by name.
struct HostTable {
  std::vector<HostEntry> hosts;
  std::vector<HostDown> down;  // who has gone since the last one
  std::uint64_t number = 0;    // of the head's changes
};
/// Answered when there are so many.
struct HostsWanted {
  std::uint64_t count = 0;
};
struct WatchHosts {
  Recipient<HostUp> up;
  Recipient<HostDown> down;
};
/// Answered with the host where a process is to be started.
struct ChooseHost {
  Place::Kind kind = Place::Kind::anywhere;
  std::string text;
};
/// To the head: so many processes were started on `host` for others, and live; and its load for each core, of the last minute.
struct HostUsed {
  std::string host;
  std::uint64_t processes = 0;
  double load = 0;
};
/// To itself.
struct LookAtLoad {};
/// Answered with where the actor is.
struct StartActor {
  CodeKey entry;
  std::string name;
  std::vector<std::uint8_t> arguments;
  NodeId owner;  // with whose end the actor ends
};
struct StartedActor {
  Address address;
  std::string endpoint;
};
/// Answered with who will look after a process that `owner` starts here.
struct StartSteward {
  NodeId owner;
};
/// Answered with who brings what processes here want from other hosts.
struct OpenDepot {};
/// Answered with how the head was lost.
struct AwaitHeadEnd {};

class HostAgent final : public Actor<HostAgent, AdmitHost, HostTable, HostsWanted, WatchHosts, ChooseHost, HostUsed, LookAtLoad, StartActor,
                                     StartSteward, OpenDepot, AwaitHeadEnd, Down> {
 public:
  /// @param head  of which this host is one; null: this is the head
  explicit HostAgent(HostEntry own, Ref<HostAgent> head = {});

  Future<HostTable> on(const AdmitHost& admit);
  void on(const HostTable& table);
  Future<HostTable> on(const HostsWanted& wanted);
  void on(const WatchHosts& watchers);
  Future<HostEntry> on(const ChooseHost& choose);
  void on(const HostUsed& used);
  void on(const LookAtLoad&);
  Task<StartedActor> on(const StartActor& start);
  Ref<Steward> on(const StartSteward& start);
  Ref<Depot> on(const OpenDepot&);
  Future<ErrorInfo> on(const AwaitHeadEnd&);
  void on(const Down& down);

  /// In a turn: the session with `peer` has ended.
  void session_ended(NodeId peer, const std::shared_ptr<const ErrorInfo>& reason);

 private:
  struct Started {
    CellPointer actor;
    NodeId owner;
  };
  struct Waiting {
    std::uint64_t count = 0;
    Promise<HostTable> promise;
  };
  [[nodiscard]] bool is_head() const noexcept { return !head_; }
  [[nodiscard]] HostTable table() const;
  void install(const HostTable& now);
  void tell_others(const HostTable& now) const;
  void lose(NodeId peer, const ErrorInfo& reason);
  void meet_again(NodeId peer);
  void answer_waiting();
  void look_after(CellPointer started, NodeId owner);
  [[nodiscard]] HostUsed used() const;
  void tell_used();
  void describe() const;

  const HostEntry own_;
  const Ref<HostAgent> head_;
  std::map<std::string, HostEntry> hosts_;
  std::uint64_t number_ = 0;                   // of the last table
  std::map<std::string, std::uint64_t> used_;  // at the head
  std::map<std::string, double> loads_;
  std::vector<Waiting> waiting_;
  std::vector<WatchHosts> watchers_;
  std::vector<Promise<ErrorInfo>> head_end_;
  std::optional<ErrorInfo> head_ended_;
  std::vector<Started> started_;
  Ref<Depot> depot_;
};

/// The agent of this host. @throws Misuse  the program has no hosts
[[nodiscard]] Ref<HostAgent> host_agent(NodeCore& node);

}  // namespace troupe::detail
