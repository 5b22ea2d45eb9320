// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a pool is made, and how its tasks are run.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/node/clock.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/pool_messages.hpp>
#include <troupe/patterns/pool_task.hpp>

namespace troupe {

/// A function that each worker runs once, before its first task: one without arguments or, by `calling`, with some.
class PoolInitializer {
 public:
  PoolInitializer() = default;
  /// A lambda that captures nothing.
  template <class Function>
  requires(detail::stateless<Function>&& std::is_invocable_v<Function>)
      PoolInitializer(Function)  // NOLINT(google-explicit-constructor): `.initializer = [] { ... }`
      : initial_{describe<detail::Lambda<Function>>(&detail::name_of_object<Function>)} {}
  /// `PoolInitializer::calling<open>("numbers.txt")`: a function with arguments, which travel as messages do.
  template <auto function, class... Args>
  [[nodiscard]] static PoolInitializer calling(Args&&... args) {
    PoolInitializer initializer;
    initializer.initial_ = describe<detail::NamedFunction<function>>(&detail::name_of_function<function>, std::forward<Args>(args)...);
    return initializer;
  }

  [[nodiscard]] const detail::PoolInitial& initial() const noexcept { return initial_; }

 private:
  template <class Callee, class... Args>
  static detail::PoolInitial describe(std::string (*name)(), Args&&... args) {
    using Tuple = typename detail::ParametersOf<Callee, Args...>::Tuple;
    detail::check_arguments<Tuple>();
    const detail::PoolCode& code = detail::PoolTaskOf<Callee, Tuple, std::tuple<>>::code(name);
    return {code.key, code.name, detail::encoded_bytes(Tuple(std::forward<Args>(args)...))};
  }

  detail::PoolInitial initial_;
};

struct PoolOptions {
  /// Processes. None: one per core that this process may use, on `every_host` as many as all hosts have slots. At least 1, and one per
  /// host.
  std::optional<int> workers = {};
  /// Where they run, each in a process of its own: on this host, on another, or spread over all (`every_host`), which follows hosts
  /// that join and are lost.
  Place place = own_process;
  /// Run once in each worker. One that throws, or ends its process, ends the making of the pool with that error.
  PoolInitializer initializer = {};
  /// Tasks after which a worker is replaced by a fresh one. None: never.
  std::optional<int> max_tasks_per_worker = {};
  /// How often a task is tried again whose worker died while it ran. 0: it may have been the task that killed it.
  int retries = 0;
  /// A task that was done, but whose result died with its worker, is run again. False: it ends as WorkerDied, executed `yes`.
  bool rerun = true;
  /// Longest a task may run; then its worker is ended, as if it had died.
  Duration task_timeout = forever;
  /// Batches that a worker holds beside the one that it runs, at most 15. 1: it never waits for the next, and others can still take it.
  /// What a worker on another host has begun is not seen from here: it holds single tasks, and more than one only of those that take
  /// less than half a millisecond and have `retries`. All of them count as tried, should it die.
  std::size_t prefetch = 1;
  /// Tasks that may wait in this process, at some 150 bytes each and their arguments; who submits more waits. 100,000.
  std::size_t max_pending = 100'000;
  /// For people.
  std::string name = "pool";
};

/// How the tasks of one call are run: `pool.with({.retries = 3}).map<f>(items)`.
struct TaskOptions {
  /// Until when the result must be there, of a map all of them; what has not begun by then never does, and the call ends as Timeout.
  Duration patience = forever;
  /// Items of a map that go to a worker together, at least. None: as many as its function's speed suggests.
  std::optional<int> chunk = {};
  /// None: the pool's.
  std::optional<int> retries = {};
  std::optional<Duration> task_timeout = {};
  /// Items that `imap` reads ahead of who takes the results. None: 64 for each worker, or four chunks.
  std::optional<int> window = {};
};

}  // namespace troupe
