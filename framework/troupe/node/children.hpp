// troupe: actors in processes. Apache-2.0, see LICENSE.
// The processes that a node has started: their beginning, their end, what they print.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <troupe/node/build_id.hpp>
#include <troupe/node/cell.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/node/entry.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/launcher.hpp>
#include <troupe/node/name_service.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/process_state.hpp>
#include <troupe/node/relay.hpp>
#include <troupe/node/role.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe {
class Node;
}

namespace troupe::detail {

struct AwaitedHello;

/// What a child is told over its private pipe.
struct ChildRole {
  NodeId parent;
  std::uint64_t parent_incarnation = 0;
  std::string parent_endpoint;
  NodeId id;
  std::uint64_t incarnation = 0;
  std::array<std::uint8_t, 20> build{};
  std::uint8_t build_bytes = 0;
  std::uint64_t offset = 0;
  std::string name;
  std::string parent_name;
  NodeId owner;           // who drains it: the parent, or who has had it started from another host
  bool function = false;  // it runs a function; else it is for an actor
  std::vector<std::uint8_t> arguments;
  // The options that children share with their parent.
  ChildTransport transport = ChildTransport::ipc;
  bool insecure = false;
  std::uint64_t threads = 0;
  std::uint32_t mailbox_messages = 0;
  std::uint64_t outbox_messages = 0;
  std::uint64_t outbox_bytes = 0;
  std::uint64_t max_message_bytes = 0;
  std::uint64_t resend_bytes = 0;
  std::int64_t linger = 0;
  std::int64_t dead_after = 0;
  bool shared_memory = true;
  KeeperAddress names;
  // Where it stands in a job of several hosts.
  std::uint64_t job = 0;
  Address host_node;
  std::string host_node_endpoint;
  std::string host_name;
};

/// The number of a process actor in its process.
inline constexpr std::uint64_t first_process_actor = 1;

/// Threads: safe.
class Children {
 public:
  explicit Children(NodeCore& node) : node_{node} {}

  /// The program's arguments, for those of children. Once.
  void set_arguments(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }

  /// Starts a process that runs `entry`; returns once it has said HELLO.
  /// @param owner  who has it started, from another host; none: this node
  /// @throws Error  it cannot be started, or ended or said nothing before `start_timeout`: nothing runs
  [[nodiscard]] CellPointer spawn(EntryFunction entry, const Encoded& arguments, std::string name, NodeId owner = {});

  /// The same of a process that runs a function, whose exit code is what `entry` returns.
  /// @param options  the name is not empty
  [[nodiscard]] std::shared_ptr<ProcessState> start(EntryFunction entry, const Encoded& arguments, const ProcessOptions& options);
  /// Has the end of the node wait for a process on another host, or end it.
  void add_elsewhere(std::shared_ptr<ProcessState> process);
  /// The same of one for an actor, which ends by itself.
  void add_elsewhere(std::string name, std::shared_ptr<Session> session);
  /// Sends `signal`. @returns false: it is dead already
  bool signal(const ProcessState& process, int signal);
  struct Running {
    std::string name;
    int pid = 0;                       // 0: not known
    bool function = false;             // else for an actor
    std::shared_ptr<Session> session;  // null: it is being started
  };
  /// The living ones of this node, here and on other hosts, but daemons.
  [[nodiscard]] std::vector<Running> running() const;
  /// The living ones that run a function.
  [[nodiscard]] std::vector<ProcessInfo> processes() const;
  /// Waits for all processes of functions but daemons, and says so now and then; then ends the daemons.
  void await_processes();
  /// Ends all processes of functions by SIGTERM and, a second later, by SIGKILL.
  void end_processes();

  /// Tells the actor of a child to stop.
  void stop(Cell& cell);
  /// Ends the process of a child of ours at once. @returns false: it is none of ours
  bool kill(const Cell& cell);
  /// The same by SIGTERM.
  bool terminate(const Cell& cell);
  /// It is a child of ours, and alive, or dead and its session will be told how it died.
  [[nodiscard]] bool living(NodeId id) const;
  /// It is a child of ours that has ended, or has said BYE.
  [[nodiscard]] bool leaves(NodeId id) const;
  /// Has `watcher` told how a child of ours ended, once it has. @returns false: it was none of ours, or is forgotten
  [[nodiscard]] bool how_ended(NodeId id, const Watcher& watcher);
  /// Stops all and waits until `until`; then ends them by SIGTERM, and by SIGKILL.
  void close(TimePoint until);
  /// Waits until their output is written.
  void finish();
  /// Ends all without waiting for anything: for a child whose parent died.
  void kill_all();
  /// Ends all within a second, their output given up: for a program that was interrupted.
  void end_all();

 private:
  class EndTimer;
  class Known;
  struct Record {
    Record();
    ~Record();
    /// The way to it, as soon as it has said HELLO; null: it has not.
    [[nodiscard]] std::shared_ptr<Session> met() const;
    NodeId id;
    NodeId owner;
    std::string name;
    int pid = 0;
    Child child;
    std::shared_ptr<AwaitedHello> hello;
    CellPointer cell;  // of an actor
    Counted<LocalCell> parent;
    std::shared_ptr<ProcessState> process;  // of a function
    Counted<TypedState<void>> ended;
    Counted<TypedState<void>> written;  // its output has been passed on
    std::unique_ptr<EndTimer> end_timer;
    std::string last_errors;               // of an actor; to be read when
    std::atomic<bool> output_read{false};  // this is set
  };

  [[nodiscard]] ChildRole describe_role(const Record& record, EntryFunction entry, const Encoded& arguments) const;
  void launch(const std::shared_ptr<Record>& record, ChildSpec spec, const ChildRole& role);
  void on_exit(NodeId id);
  [[nodiscard]] static RelayEnd end_of_output(const std::shared_ptr<Record>& record);
  void remember(const Record& record, const ErrorInfo& reason);
  [[nodiscard]] ErrorInfo describe_end(const Record& record, const ChildEnd& exit) const;
  using Chosen = bool (*)(const Record& record);
  [[nodiscard]] std::shared_ptr<Record> first_of(Chosen chosen) const;
  bool wait_for(Chosen chosen, TimePoint until);
  enum class Which : std::uint8_t { awaited, all };
  [[nodiscard]] std::vector<std::shared_ptr<ProcessState>> elsewhere(Which which) const;
  bool wait_elsewhere(Which which, TimePoint until);
  void end_elsewhere();
  void end(Chosen chosen);
  bool signal(const Cell& cell, int signal);
  void signal_all(int signal, Chosen chosen);

  NodeCore& node_;
  std::vector<std::string> arguments_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Record>> living_;
  std::vector<std::shared_ptr<ProcessState>> elsewhere_;
  std::vector<Running> actors_elsewhere_;
  std::vector<std::shared_ptr<Record>> ending_;  // dead, and their last words are still read
  Endings<NodeId> ended_;
  std::mutex launcher_mutex_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<Relay> relay_;
};

/// Runs this process's role to its end; `slot` is set before anything of the program runs.
[[noreturn]] void run_child(Node& node, NodeCore*& slot, Role role);

}  // namespace troupe::detail
