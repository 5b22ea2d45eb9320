// troupe: actors in processes. Apache-2.0, see LICENSE.
// How frames reach the nodes of other hosts: through the host nodes, which hand them on.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/report.hpp>
#include <troupe/node/session.hpp>
#include <troupe/node/timer.hpp>
#include <troupe/transport/transport.hpp>
#include <troupe/wire/block.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

/// Two nodes of different hosts have a session of their own, with its sequence and credit. Its frames travel as payloads in up to three
/// others: from a process to its host node, between the host nodes, and from there to the process. What ends such a session is said by
/// a host node, in a GONE: its peer has died, or that one's host is lost.
///
/// Towards another host at most a window of bytes is under way, which follows how fast they are acknowledged; what does not fit waits
/// here, one line for each pair of nodes, served in turn. A line is no longer than what its session may keep unacknowledged.
///
/// Threads: safe.
class Router {
 public:
  /// The number of the actor of a host node that speaks for its host.
  static constexpr std::uint64_t host_agent = 1;
  /// The same of the actor of the head that keeps the names of all, unless there is another directory.
  static constexpr std::uint64_t name_keeper = 2;

  explicit Router(NodeCore& node);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // --- Where this node stands. To be said before others hear of it. ---

  /// This is a host node, of the job `job`.
  void be_host_node(std::uint64_t job);
  /// This is a process of the host whose node is `host_node`.
  void be_process(std::uint64_t job, const Address& host_node, std::string endpoint);
  [[nodiscard]] std::uint64_t job() const noexcept { return job_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_host_node() const noexcept { return host_node_endpoint_.empty(); }
  /// The node of this host, which is perhaps this one; it has the number of its agent.
  [[nodiscard]] const Address& host_node() const noexcept { return host_node_; }
  [[nodiscard]] const std::string& host_node_endpoint() const noexcept { return host_node_endpoint_; }

  // --- Sessions ---

  /// Whether the frames to `peer` go through host nodes.
  [[nodiscard]] bool routes(NodeId peer, const std::string& endpoint) const;
  /// The way to a node of another host: opens at once.
  [[nodiscard]] std::unique_ptr<Link> dial();
  /// A frame from this node to one of another host.
  void send(const Block& frame);
  /// `frame` came from `from`, which hands it on.
  /// @returns whether it is for this node
  /// @throws Malformed, Refused  it is no frame, or not one that may come this way
  [[nodiscard]] bool take(const Session& from, std::span<const std::byte> frame);
  /// The session has ended; by the node's thread.
  void session_ended(const Session& session, const std::shared_ptr<const ErrorInfo>& reason);

  // --- Of a host node ---

  /// The way to another host's node.
  void add_host(const std::shared_ptr<Session>& session);
  /// Says no more that this node lives. Once the node's thread has ended.
  void close() noexcept;
  /// The way to the host node of another host's `process`; null: this is no host node, or that is none of the job's.
  [[nodiscard]] std::shared_ptr<Session> host_of(NodeId process);
  /// The job's hosts, for who inspects this node.
  void describe(std::vector<HostLine> hosts);
  [[nodiscard]] std::vector<HostLine> described();
  /// The host's node was given up: it is refused until it comes as another one.
  void supersede(NodeId host_node);
  [[nodiscard]] bool is_superseded(NodeId host_node);
  /// Its peer has acknowledged: there may be room for more.
  void pump(const Session& session);

 private:
  class Beat;
  class SaysGone;
  using Pair = std::pair<NodeId, NodeId>;
  /// One of the two has ended, the other is to be told.
  struct Talk {
    NodeId ended;
    std::uint64_t ended_incarnation = 0;
    NodeId other;
    std::uint64_t other_incarnation = 0;
  };
  struct Incarnations {
    std::uint64_t local = 0;
    std::uint64_t remote = 0;
  };
  struct Line {
    Pair pair;
    std::deque<Block> frames;
  };
  struct Host {
    std::shared_ptr<Session> session;
    std::deque<Line> lines;  // the first is served next
  };

  void hand_on(const FrameHeader& header, std::span<const std::byte> frame);
  void to_host(const FrameHeader& header, Block wrapped);
  void to_process(const FrameHeader& header, Block wrapped);
  void say_gone(const Talk& talk, const ErrorInfo& reason);
  /// @returns false: it is not known here
  [[nodiscard]] bool says_how_it_ended(const Talk& talk);
  static void pump(Host& host);

  NodeCore& node_;
  std::atomic<std::uint64_t> job_{0};  // what stands below is set before
  Address host_node_;
  std::string host_node_endpoint_;  // empty: this is it, or there are no other hosts

  std::mutex mutex_;
  std::map<std::uint64_t, Host> hosts_;  // by the host's part of their nodes' ids
  std::set<NodeId> superseded_;
  std::vector<HostLine> described_;
  std::map<Pair, Incarnations> pairs_;  // of a node of this host and one of another, that have talked
  std::unique_ptr<Beat> beat_;
};

}  // namespace troupe::detail
