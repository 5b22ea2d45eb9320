// troupe: actors in processes. Apache-2.0, see LICENSE.
// A process of the troupe: the first line of main.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/drain_report.hpp>
#include <troupe/node/host.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/place.hpp>
#include <troupe/wire/error.hpp>

namespace troupe {

template <class A>
class Ref;
template <class M>
class Recipient;
struct DeadLetter;
class Process;
struct ProcessOptions;
class Node;

namespace detail {
class NodeCore;
class Surroundings;
template <class T>
struct FoundAs;
}  // namespace detail

/// What stands behind a name: of an actor's class a Ref, else the handle that `T` is.
template <class T>
using Found = typename detail::FoundAs<T>::Type;

/// This process's part of the troupe: it starts actors and processes and carries their messages.
///
/// In a child process the constructor runs what the parent started it for, and does not return. So make it the first line of
/// main, before anything that a child should not do.
///
/// Lifetime: its end waits for its Processes, ends those that are daemons, stops its actors, children first, sends what was told,
/// ends their processes and removes their files; Processes aside it takes `linger` at most, usually milliseconds. While an
/// exception unwinds it waits for no Process, but ends them. Refs and futures may outlive it: asks through them then end as `closed`.
/// Threads: every member from any, but for construction and end.
class Node {
 public:
  /// @param argc, argv  of main; troupe's own options (`--troupe-...`) are taken out
  /// @throws Misuse   an unknown or contradictory `--troupe-` option, two message types with one id
  /// @throws Refused  the runtime directory is not private to this user
  Node(int& argc, char** argv, NodeOptions options = {});
  /// Without a command line: for further nodes of a process, in tests. Children need a Node line with argc and argv.
  explicit Node(NodeOptions options = {});
  /// For troupe/testing.hpp.
  Node(std::unique_ptr<detail::Surroundings> surroundings, NodeOptions options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Starts an actor in this process; its constructor runs on the calling thread.
  /// @returns its ref; it lives until `stop`, its parent's end (spawned within a turn or constructor) or the node's end
  /// @throws whatever the constructor throws; nothing was started
  /// @throws Closed  the node, or the parent, is ending
  template <class A, class... Args>
  Ref<A> spawn(Args&&... args);
  /// The same at `place`. In a process of its own the arguments travel as messages do; returns once the process runs, and a
  /// constructor that throws there ends the actor as failed: asks then throw ActorDied with the cause.
  /// @throws Error  the process could not be started; nothing runs
  /// Blocks for about 6 ms with `own_process`.
  template <class A, class... Args>
  Ref<A> spawn(Place place, Args&&... args);

  /// Starts a process that runs `function`, as in `node.start<count>(queue, 5)`: see patterns/process.hpp.
  template <auto function, class... Args>
  Process start(Args&&... args);
  template <auto function, class... Args>
  Process start(ProcessOptions options, Args&&... args);
  /// The same with a lambda that captures nothing.
  template <class Function, class... Args>
  requires std::is_class_v<std::remove_cvref_t<Function>> Process start(Function&& function, Args&&... args);
  template <class Function, class... Args>
  requires std::is_class_v<std::remove_cvref_t<Function>> Process start(ProcessOptions options, Function&& function, Args&&... args);

  /// Finishes: takes no new work, and waits until what was begun has ended here and in the processes of its actors, on other hosts
  /// too. Mailboxes run empty, what was sent is acknowledged, handlers that await end, non-daemon Processes end by themselves. Nothing is
  /// stopped; timers do not count and go on. Afterwards the node can only be ended.
  ///
  /// From the call on `tell`, `ask`, `spawn` and `start` of threads that run no actor throw Closed, also if they wait for room already;
  /// handles of patterns go on, so that who waits in a queue or holds a lock can finish.
  /// @param patience  the longest that it takes
  /// @returns who had not finished by then, and why
  /// @throws Misuse  called by an actor, which could never finish
  /// Blocks.
  DrainReport drain(Duration patience = default_patience);

  /// Has others find `handle` by `find`, `wait_for` and `watch_names`: see cluster/names.hpp and docs/names.md.
  template <class T>
  void publish(const std::string& name, const T& handle);
  /// The name is free again. @throws NotFound  this node has not published it, or its actor has ended
  /// @throws NodeLost  the directory cannot be asked; it is given back as soon as that is possible
  void unpublish(const std::string& name) const;
  template <class T>
  [[nodiscard]] Found<T> find(const std::string& name);
  template <class T>
  [[nodiscard]] Found<T> wait_for(const std::string& name, Duration patience = default_patience);
  template <class A>
  void watch_names(const Ref<A>& subscriber, const std::string& prefix = {});
  template <class A>
  void unwatch_names(const Ref<A>& subscriber);

  /// The hosts of the job, by name; of a program of one host that one.
  /// @throws NodeLost  this host has no way to the head
  [[nodiscard]] std::vector<Host> hosts() const;
  /// Waits until the job has `count` hosts, this one included.
  /// @throws Timeout  it has fewer after `patience`; the text names them
  void wait_for_hosts(std::size_t count, Duration patience = default_patience) const;
  /// Has actors of this node told of each host that joins or is lost from now on.
  /// @throws Misuse  one names an actor elsewhere
  void watch_hosts(const Recipient<HostUp>& up, const Recipient<HostDown>& down) const;

  /// Of this host: `NodeOptions::name`, else the machine's.
  [[nodiscard]] const std::string& host_name() const;
  /// Messages that reached nobody so far.
  [[nodiscard]] std::uint64_t dead_letters() const;
  /// The same, of one reason: `closed`, `died`, `unhandled`, `refused`, ...
  [[nodiscard]] std::uint64_t dead_letters(Errc reason) const;
  /// Has `subscriber`, an actor of this node, told of each from now on. One that is too slow misses some, and is told how many.
  /// @throws Misuse  it names nobody, or an actor elsewhere
  void watch_dead_letters(const Recipient<DeadLetter>& subscriber);
  void unwatch_dead_letters(const Recipient<DeadLetter>& subscriber);
  /// The program's arguments, without troupe's own.
  [[nodiscard]] const std::vector<std::string>& arguments() const noexcept { return arguments_; }
  [[nodiscard]] detail::NodeCore& core() const noexcept { return *core_; }

 private:
  void start(NodeOptions options);
  void make_core(std::unique_ptr<detail::Surroundings> surroundings, NodeOptions options);

  std::vector<std::string> arguments_;
  detail::NodeCore* core_ = nullptr;                   // stays for ever, see NodeCore
  const int exceptions_ = std::uncaught_exceptions();  // under way when it was made
};

/// The node of the running actor, else the only node of this process.
/// @throws Misuse  there is none, or several
[[nodiscard]] Node& this_node();

}  // namespace troupe
