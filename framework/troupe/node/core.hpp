// troupe: actors in processes. Apache-2.0, see LICENSE.
// The wiring of a node: what it is made of, and how the parts reach each other.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <troupe/node/callbacks.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/dead_letters.hpp>
#include <troupe/node/drain.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/node/executor.hpp>
#include <troupe/node/links.hpp>
#include <troupe/node/loop.hpp>
#include <troupe/node/name_service.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/pending.hpp>
#include <troupe/node/process_options.hpp>
#include <troupe/node/router.hpp>
#include <troupe/node/seats.hpp>
#include <troupe/node/segment.hpp>
#include <troupe/node/session.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/node/surroundings.hpp>
#include <troupe/node/timers.hpp>
#include <troupe/node/way.hpp>
#include <troupe/transport/transport.hpp>
#include <troupe/wire/hello.hpp>

namespace troupe {
class Node;
}

namespace troupe::detail {

class Children;
class NodeCore;

/// Takes a closed node's core out of those that stay for ever, for who knows that nothing points to it any more.
[[nodiscard]] std::unique_ptr<NodeCore> take_core(NodeCore& core);

/// The endpoint of the node with this id, if that talks over ipc.
[[nodiscard]] std::string ipc_endpoint(NodeId id);

/// Processors that this process may use, at least 1.
[[nodiscard]] std::size_t usable_cores();

/// What stands behind a Node.
///
/// Lifetime: the parts end with `close`; the object itself stays for ever, so that refs, futures and handles in statics are
/// inert after the node instead of dangling.
/// Threads: safe but for construction and `close`.
class NodeCore final : public LoopClient {
 public:
  /// Opens the inbox and starts the node's thread, unless `run_loop` will be called.
  /// @param id, incarnation  of a child: what its parent gave it; else drawn
  NodeCore(Node& node, NodeOptions options, NodeId id, std::uint64_t incarnation, std::unique_ptr<Surroundings> surroundings);
  ~NodeCore();
  NodeCore(const NodeCore&) = delete;
  NodeCore& operator=(const NodeCore&) = delete;

  [[nodiscard]] Node& node() noexcept { return *node_; }
  [[nodiscard]] const NodeOptions& options() const noexcept { return options_; }
  [[nodiscard]] NodeId id() const noexcept { return id_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }
  /// As others may name it.
  [[nodiscard]] const std::string& endpoint() const noexcept { return *endpoint_.load(std::memory_order_acquire); }
  /// For other hosts; empty: none dials this node.
  [[nodiscard]] const std::string& tcp_endpoint() const noexcept { return tcp_endpoint_; }
  /// This is a host node of the job `job` from here on: to be said before any actor or process is started.
  void join(std::uint64_t job);
  /// The same of a process of the host whose node is `host_node`.
  void join_as_process(std::uint64_t job, const Address& host_node, const std::string& host_node_endpoint);
  /// For other nodes of this process.
  [[nodiscard]] std::string inproc_endpoint() const;
  [[nodiscard]] const std::string& host_name() const noexcept { return host_name_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  /// When it was made.
  [[nodiscard]] TimePoint began() const noexcept { return began_; }
  [[nodiscard]] std::uint64_t random_number() { return surroundings_->random_number(); }
  /// The number of a session; they grow.
  [[nodiscard]] std::uint64_t next_acquaintance() noexcept { return acquaintances_.fetch_add(1) + 1; }
  [[nodiscard]] bool has_processes() const noexcept { return surroundings_->has_processes(); }
  [[nodiscard]] Timers& timers() noexcept { return timers_; }
  [[nodiscard]] PendingAsks& pending() noexcept { return pending_; }
  [[nodiscard]] CallbackThread& callbacks() noexcept { return callbacks_; }
  [[nodiscard]] Executor& executor() noexcept { return *executor_; }
  [[nodiscard]] Loop& loop() noexcept { return *loop_; }
  [[nodiscard]] Links& links() noexcept { return links_; }
  [[nodiscard]] Router& router() noexcept { return router_; }
  [[nodiscard]] const Router& router() const noexcept { return router_; }
  [[nodiscard]] Children& children() noexcept { return *children_; }
  [[nodiscard]] Seats& seats() noexcept { return seats_; }
  [[nodiscard]] Drain& draining() noexcept { return drain_; }
  [[nodiscard]] Segments& segments() noexcept { return segments_; }
  [[nodiscard]] NameService& names() noexcept { return names_; }
  [[nodiscard]] Transport& transport() noexcept { return *transport_; }
  [[nodiscard]] Hello hello(std::uint64_t last_received) const;

  // --- Actors ---

  /// A cell for a new actor; the child of the one whose turn or constructor runs, if any.
  /// @throws Closed  the node, or that actor, is ending
  [[nodiscard]] Counted<LocalCell> make_cell(const Behaviour& behaviour);
  /// The actor lives: gives the cell to its family.
  void adopt(LocalCell& cell);
  void actor_ended(LocalCell& cell);
  /// The actors without a parent.
  [[nodiscard]] std::vector<Counted<LocalCell>> roots();
  void schedule(LocalCell& cell);
  /// The actor of this node whose turn or constructor the calling thread runs; null: none.
  [[nodiscard]] LocalCell* current_cell() noexcept;
  /// Tells `cell`, here or elsewhere, to end.
  void stop(Cell& cell);
  /// The same for a child of who ends: its supervisor does not make it anew.
  void end_child(Cell& cell);
  /// The actor can be named by other processes from here on.
  void expose(LocalCell& cell);
  /// The exposed actor with this number; null: unknown or ended.
  [[nodiscard]] Counted<LocalCell> find(std::uint64_t actor);
  /// Has `watcher`, of another process, told how the exposed actor with this number ended.
  void watch(std::uint64_t actor, Watcher watcher);
  /// Has `watcher` told how `process` ended, as far as its parent is this node or one above.
  void how_ended(NodeId process, const Watcher& watcher);
  /// Whether the actor's process is on this host, whose memory it can share.
  [[nodiscard]] static bool on_this_host(const Cell& cell);
  /// A cell for an address that came from elsewhere.
  [[nodiscard]] CellPointer cell_at(const Address& address, const std::string& endpoint);
  /// A cell for an actor of the session's peer.
  [[nodiscard]] CellPointer cell_through(std::shared_ptr<Session> session, std::uint64_t actor);

  /// An actor that a node has one of, made by `make` when it is first needed.
  [[nodiscard]] CellPointer resident(CellPointer (*make)(NodeCore&));

  // --- Waiting and sending ---

  /// Waits until `state` is settled or `until`; what this thread has put off is sent first. @returns whether it is settled
  /// @throws Misuse  the calling thread may not wait: 64 others of this node do
  bool wait(FutureState& state, TimePoint until);
  enum class Flush : std::uint8_t { if_quiet, surely };
  /// Has the session's open frame sent at the end of the slice, or before this thread waits.
  void flush_later(Session& session, Flush flush);
  void flush_slice();
  void after_remote_turn();
  /// `message`, the name of a type, reached nobody: counted, told to subscribers and, at a limited rate, logged.
  void dead_letter(std::string_view message, const LocalCell& target);
  void dead_letter(std::string_view message, const ErrorInfo& reason, std::string_view target = {});
  [[nodiscard]] DeadLetters& dead_letter_box() noexcept { return dead_letters_; }
  void report_failure(const LocalCell& cell, const ErrorInfo& error);

  // --- For sessions ---

  /// What to dial for `endpoint`.
  [[nodiscard]] std::string way_to(const std::string& endpoint) const {
    std::string direct = way_of(endpoint).endpoint;
    return options_.child_endpoint ? options_.child_endpoint(direct) : direct;
  }

  void watch_link(std::shared_ptr<Session> session, int descriptor);
  void unwatch_link(int descriptor) {
    if (descriptor >= 0) loop_->unwatch(descriptor);
  }
  void end_session_later(std::shared_ptr<Session> session, std::shared_ptr<const ErrorInfo> reason);
  [[nodiscard]] bool may_come_back(const Session& session) const;
  /// Reads the inbox, unless another thread does so just now.
  void drain_now() { loop_->drain_now(); }
  /// Removes what processes that died have left in the runtime directory and in shared memory.
  void sweep();

  // --- Life ---

  /// Runs `first` and then the node's loop on the calling thread until `loop().leave()`. @throws what `first` throws
  void run_loop(const std::function<void()>& first);
  void start();
  /// What becomes of processes that run functions and are no daemons.
  enum class Processes : std::uint8_t { awaited, ended };
  /// Waits for processes or ends them; stops actors, children first; sends what was told; says BYE; ends all threads.
  void close(Processes processes);
  [[nodiscard]] bool closing() const noexcept { return closing_.load(std::memory_order_relaxed); }

  // --- Of a child ---

  /// Of a child: the role's; else the program's.
  [[nodiscard]] const std::string& process_name() const noexcept { return process_name_; }
  /// Who started this process; nothing: it is the first.
  [[nodiscard]] const std::optional<ProcessInfo>& parent_process() const noexcept { return parent_process_; }
  /// To be called before anything else can ask.
  void set_parent(std::string own_name, ProcessInfo parent) {
    process_name_ = std::move(own_name);
    parent_process_ = std::move(parent);
  }
  /// The way to the parent.
  std::shared_ptr<Session> parent_session;
  /// Who drains this process.
  NodeId owner;

  // --- Of a process actor's process ---

  /// Called when messages for the actor that this process is for can be taken: HELLO must not be said before.
  std::function<void()> on_root_exposed;
  /// Called when the actor that this process is for has ended; null: in order.
  std::function<void(std::shared_ptr<const ErrorInfo>)> on_root_end;
  /// Tells every peer why this process ends.
  void tell_failure(const ErrorInfo& error);

  // --- Of a host node ---

  using SessionEnd = std::function<void(const Session&, const std::shared_ptr<const ErrorInfo>&)>;
  /// Has `told` called by the node's thread for each session that ends from now on.
  void on_session_end(SessionEnd told);

  /// The program was interrupted: nobody is told of ends that follow from that.
  void interrupt() noexcept { interrupted_.store(true); }
  std::unique_ptr<SignalWatch> signals;
  /// Removes this node's socket and shared memory from the file system, for a process that ends without `close`.
  void remove_endpoint() noexcept;

  /// Says BYE to the other host nodes, and waits a little for their answers: for a program that was interrupted.
  void leave_hosts();

  // LoopClient
  bool drain() override { return links_.drain(); }
  void acknowledge() override { links_.acknowledge(); }
  void flush_thread() override { flush_slice(); }
  void settle() override;
  bool look_for_stuck() override;

 private:
  void stop_actors(TimePoint until);

  Node* node_;
  const NodeOptions options_;
  const NodeId id_;
  const std::uint64_t incarnation_;
  std::deque<std::string> endpoints_;  // what it has been called
  std::atomic<const std::string*> endpoint_{nullptr};
  std::string tcp_endpoint_;
  std::string host_name_;
  std::string process_name_;
  std::optional<ProcessInfo> parent_process_;
  const std::unique_ptr<Surroundings> surroundings_;
  const Clock& clock_;
  const TimePoint began_;
  Timers timers_;
  PendingAsks pending_;
  CallbackThread callbacks_;
  std::shared_ptr<Transport> transport_;
  const std::unique_ptr<Loop> loop_;
  Router router_{*this};
  Links links_;
  const std::unique_ptr<Executor> executor_;
  std::unique_ptr<Children> children_;

  std::atomic<std::uint64_t> acquaintances_{0};
  std::atomic<std::uint64_t> next_actor_{1};
  std::mutex actors_mutex_;
  LocalCell* first_root_ = nullptr;  // actors without a parent; each with a share
  std::unordered_map<std::uint64_t, Counted<LocalCell>> exposed_;
  Endings<std::uint64_t> ended_;         // that were exposed
  Counted<TypedState<void>> all_ended_;  // while `close` waits for the roots
  std::atomic<bool> closing_{false};
  std::atomic<bool> interrupted_{false};

  std::mutex residents_mutex_;
  std::vector<std::pair<CellPointer (*)(NodeCore&), CellPointer>> residents_;

  std::mutex later_mutex_;
  std::shared_ptr<const SessionEnd> session_end_;
  std::vector<std::pair<std::shared_ptr<Session>, std::shared_ptr<const ErrorInfo>>> ending_sessions_;

  std::vector<std::shared_ptr<Session>> fresh_links_;  // dialled, and not looked at yet

  DeadLetters dead_letters_;
  Seats seats_{*this};
  Drain drain_{*this};
  Segments segments_;
  NameService names_{*this};
};

}  // namespace troupe::detail
