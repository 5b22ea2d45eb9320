// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pool of worker processes, started once, that run the tasks that they are given: one, or one for each item of a range.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/actor/taking.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/pool_calls.hpp>
#include <troupe/patterns/pool_options.hpp>
#include <troupe/patterns/progress.hpp>

namespace troupe {

/// The results of `imap`: taken with `next` or a range-for. Reads its input as they are taken, at most `window` items ahead.
///
/// Lifetime: not longer than a range that was not given away. Its end drops what was not taken; what runs goes on.
/// Threads:  one at a time.
template <class R>
class TaskResults {
 public:
  using Value = detail::PoolValue<R>;
  explicit TaskResults(std::unique_ptr<detail::PoolReader> reader) noexcept : reader_{std::move(reader)} {}

  /// The next result; nothing: that was all.
  /// @throws whatever that task threw, WorkerDied: the next can be taken then; what the input threw; Timeout: none within `patience`
  /// Blocks.
  std::optional<Value> next(Duration patience = forever) {
    auto item = reader_->take(patience);
    if (!item) return {};
    if (item->error != nullptr) detail::raise(std::move(item->error));
    return detail::decode_result<R>(detail::as_bytes(item->value));
  }

  [[nodiscard]] auto begin() { return detail::Taking{*this}; }
  [[nodiscard]] detail::TakingEnd end() const noexcept { return {}; }

 private:
  std::unique_ptr<detail::PoolReader> reader_;
};

/// The calls of a pool with options of their own: `pool.with({.retries = 3}).map<f>(items)`.
///
/// A task is a function or static member as a template argument, or a lambda that captures nothing, or a function object with
/// Cereal functions or plain members, which travels. Its arguments travel as messages do, converted to the types of the parameters; what
/// follows the range of a map is bound: given to each task, sent to each worker once. A standard exception that a task throws arrives as
/// itself, any other as RemoteError.
///
/// A task whose worker dies ends as WorkerDied, or is tried again (`retries`); no other task is lost. But a task that was done, and whose
/// result died with its worker, runs again unless `PoolOptions::rerun` is false: what a task does to the world it may do twice.
///
/// Lifetime: holds the pool's workers no longer than the Pool.
/// Threads:  safe.
class PoolCalls : public detail::PoolCallsBase {
 public:
  using PoolCallsBase::PoolCallsBase;

  /// Runs one task and brings what it returns. Blocks without limit; after 30 s a line says so.
  /// @throws whatever the task throws; WorkerDied: its worker ended, how is told; Timeout, Closed: `executed()` says whether it began
  template <auto function, class... Args>
  auto apply(Args&&... args) const {
    auto future = apply_async<function>(std::forward<Args>(args)...);
    wait(future.shared_state());
    return future.get();
  }
  template <class Function, class... Args>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto apply(Function&& function, Args&&... args) const {
    auto future = apply_async(std::forward<Function>(function), std::forward<Args>(args)...);
    wait(future.shared_state());
    return future.get();
  }
  /// The same as a future. Its `cancel` keeps a task from beginning, and ends the worker of one that has begun.
  /// @throws Closed     the pool is closed
  /// @throws Full       no room within the call's patience
  /// @throws Malformed  the arguments are larger than a message may be
  /// Nothing was submitted then. Blocks while `max_pending` tasks wait.
  template <auto function, class... Args>
  auto apply_async(Args&&... args) const {
    return start<detail::NamedFunction<function>>(&detail::name_of_function<function>, std::tuple<>{}, std::forward<Args>(args)...);
  }
  template <class Function, class... Args>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto apply_async(Function&& function, Args&&... args) const {
    using Plain = std::remove_cvref_t<Function>;
    return start<detail::CalleeOf<Plain>>(&detail::name_of_object<Plain>, state_of(std::forward<Function>(function)),
                                          std::forward<Args>(args)...);
  }

  /// Runs a task for each item of `range` (anything with begin and end), and brings the results in their order; of a function without
  /// one, as many std::monostate. The first error ends it, and what has not begun never does.
  /// @throws whatever a task or the range throws, and as `apply_async`. Blocks.
  template <auto function, class Range, class... Bound>
  auto map(Range&& range, const Bound&... bound) const {
    return waited(map_async<function>(std::forward<Range>(range), bound...));
  }
  template <class Function, class Range, class... Bound>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto map(Function&& function, Range&& range, const Bound&... bound) const {
    return waited(map_async(std::forward<Function>(function), std::forward<Range>(range), bound...));
  }
  /// The same as a future; returns when the range was read.
  template <auto function, class Range, class... Bound>
  auto map_async(Range&& range, const Bound&... bound) const {
    return row<detail::NamedFunction<function>, detail::EncodeItem, OneOf<Range>>(&detail::name_of_function<function>, std::tuple<>{},
                                                                                  std::forward<Range>(range), bound...);
  }
  template <class Function, class Range, class... Bound>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto map_async(Function&& function, Range&& range, const Bound&... bound) const {
    using Plain = std::remove_cvref_t<Function>;
    return row<detail::CalleeOf<Plain>, detail::EncodeItem, OneOf<Range>>(
        &detail::name_of_object<Plain>, state_of(std::forward<Function>(function)), std::forward<Range>(range), bound...);
  }
  /// As `map`, of items that are tuples or pairs: their elements are the arguments.
  template <auto function, class Range, class... Bound>
  auto starmap(Range&& range, const Bound&... bound) const {
    return waited(starmap_async<function>(std::forward<Range>(range), bound...));
  }
  template <class Function, class Range, class... Bound>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto starmap(Function&& function, Range&& range, const Bound&... bound) const {
    return waited(starmap_async(std::forward<Function>(function), std::forward<Range>(range), bound...));
  }
  template <auto function, class Range, class... Bound>
  auto starmap_async(Range&& range, const Bound&... bound) const {
    return row<detail::NamedFunction<function>, detail::EncodeTuple, AllOf<Range>>(&detail::name_of_function<function>, std::tuple<>{},
                                                                                   std::forward<Range>(range), bound...);
  }
  template <class Function, class Range, class... Bound>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto starmap_async(Function&& function, Range&& range, const Bound&... bound) const {
    using Plain = std::remove_cvref_t<Function>;
    return row<detail::CalleeOf<Plain>, detail::EncodeTuple, AllOf<Range>>(
        &detail::name_of_object<Plain>, state_of(std::forward<Function>(function)), std::forward<Range>(range), bound...);
  }

  /// The results one by one, in the order of the items; the range may be endless, and such as can be read once. An error is thrown in its
  /// place, and the next can be taken then. A range that the caller keeps must outlive the results.
  template <auto function, class Range, class... Bound>
  auto imap(Range&& range, const Bound&... bound) const {
    return stream<detail::NamedFunction<function>>(detail::PoolStream::Order::input, &detail::name_of_function<function>, std::tuple<>{},
                                                   std::forward<Range>(range), bound...);
  }
  template <class Function, class Range, class... Bound>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto imap(Function&& function, Range&& range, const Bound&... bound) const {
    using Plain = std::remove_cvref_t<Function>;
    return stream<detail::CalleeOf<Plain>>(detail::PoolStream::Order::input, &detail::name_of_object<Plain>,
                                           state_of(std::forward<Function>(function)), std::forward<Range>(range), bound...);
  }
  /// The same in the order in which they are done.
  template <auto function, class Range, class... Bound>
  auto imap_unordered(Range&& range, const Bound&... bound) const {
    return stream<detail::NamedFunction<function>>(detail::PoolStream::Order::completion, &detail::name_of_function<function>,
                                                   std::tuple<>{}, std::forward<Range>(range), bound...);
  }
  template <class Function, class Range, class... Bound>
  requires std::is_class_v<std::remove_cvref_t<Function>>
  auto imap_unordered(Function&& function, Range&& range, const Bound&... bound) const {
    using Plain = std::remove_cvref_t<Function>;
    return stream<detail::CalleeOf<Plain>>(detail::PoolStream::Order::completion, &detail::name_of_object<Plain>,
                                           state_of(std::forward<Function>(function)), std::forward<Range>(range), bound...);
  }

 private:
  template <class Range>
  using OneOf = detail::TypeList<std::remove_cvref_t<detail::ElementOf<Range>>>;
  template <class Range>
  using AllOf = typename detail::ElementsOf<std::remove_cvref_t<detail::ElementOf<Range>>>::List;

  template <class Function>
  static auto state_of(Function&& function) {
    using Plain = std::remove_cvref_t<Function>;
    if constexpr (detail::stateless<Plain>) {
      return std::tuple<>{};
    } else {
      static_assert(Message<Plain>,
                    "pool: a lambda that captures cannot run in another process; give what it needs as arguments: "
                    "map([](int n, int by) { ... }, numbers, by), or make it a class with the values as its members");
      return std::tuple<Plain>{std::forward<Function>(function)};
    }
  }

  template <class T>
  T waited(Future<T> future) const {
    wait(future.shared_state());
    return future.get();
  }

  template <class Callee, class State, class... Args>
  auto start(std::string (*name)(), State&& state, Args&&... args) const {
    using Plan = detail::PoolPlan<Callee, detail::TypeList<std::remove_cvref_t<Args>...>, detail::TypeList<>>;
    static_assert(Plan::check());
    using R = typename Plan::Returned;
    auto result = detail::Counted<detail::TypedState<R>>::adopt(detail::TypedState<R>::make(node()));
    auto job = std::make_shared<detail::PoolCall>(Plan::Task::code(name), detail::Counted<detail::FutureState>{result.get()});
    configure(*job);
    this->template bind<detail::PoolCall, Plan>(*job, std::forward<State>(state));
    (detail::add_shared(job->blobs, args), ...);
    watch_future(job, *result);
    submit(job, detail::encoded_bytes(detail::make_tuple_of<typename Plan::Items>(std::forward<Args>(args)...)));
    return Future<R>{std::move(result)};
  }

  template <class Callee, template <class> class Encode, class Items, class State, class Range, class... Bound>
  auto row(std::string (*name)(), State&& state, Range&& range, const Bound&... bound) const {
    using Plan = detail::PoolPlan<Callee, Items, detail::TypeList<Bound...>>;
    static_assert(Plan::check());
    using R = typename Plan::Returned;
    using Values = std::vector<detail::PoolValue<R>>;
    auto result = detail::Counted<detail::TypedState<Values>>::adopt(detail::TypedState<Values>::make(node()));
    auto job = std::make_shared<detail::PoolRow>(Plan::Task::code(name), detail::Counted<detail::FutureState>{result.get()},
                                                 &detail::finish_row<R>);
    configure(*job);
    this->template bind<detail::PoolRow, Plan>(*job, std::forward<State>(state), bound...);
    watch_future(job, *result);
    detail::PoolFeedOf<Range&, Encode<typename Plan::Items>> feed{range};
    submit_all(job, feed);
    return Future<Values>{std::move(result)};
  }

  template <class Callee, class State, class Range, class... Bound>
  auto stream(detail::PoolStream::Order order, std::string (*name)(), State&& state, Range&& range, const Bound&... bound) const {
    using Plan = detail::PoolPlan<Callee, OneOf<Range>, detail::TypeList<Bound...>>;
    static_assert(Plan::check());
    auto job = std::make_shared<detail::PoolStream>(Plan::Task::code(name), node(), order);
    configure(*job);
    this->template bind<detail::PoolStream, Plan>(*job, std::forward<State>(state), bound...);
    using Feed = detail::PoolFeedOf<Range, detail::EncodeItem<typename Plan::Items>>;
    return TaskResults<typename Plan::Returned>{read(job, std::make_unique<Feed>(std::forward<Range>(range)))};
  }
};

/// Worker processes that run tasks:
///
///     troupe::Pool pool{node, {.workers = 4}};
///     for (int n : pool.map<square>(numbers)) ...
///
/// Workers take tasks as they can; one that dies is replaced. See PoolCalls for the calls.
///
/// Lifetime: its owner's, who may move it; it is no message. Its end ends all tasks as Closed and the workers at once: `close` and `join`
///           before, to have them done. With the node it ends in the same way.
/// Threads:  safe, but for moves. Tasks may have pools of their own.
/// Empty (default constructed, moved from): every member but `bool` throws Misuse.
class Pool : public PoolCalls {
 public:
  Pool() noexcept = default;
  /// Starts the workers and waits until all have answered.
  /// @throws Misuse  an option is out of range
  /// @throws whatever the initializer throws, WorkerDied: a worker could not be started; the others were ended
  /// Blocks: some 10 ms, and for the initializer.
  explicit Pool(Node& node, const PoolOptions& options = {});
  Pool(Pool&& other) noexcept = default;
  Pool& operator=(Pool&& other) noexcept;
  ~Pool();

  /// The calls of this pool with these options.
  [[nodiscard]] PoolCalls with(const TaskOptions& options) const { return PoolCalls{shared_owner(), options}; }
  /// Encodes a value once, for all tasks that are given the handle; in shared memory if it is large.
  /// @throws Malformed  it is nested too deeply, or larger than a message may be where there is no shared memory
  template <class T>
  [[nodiscard]] Shared<T> share(const T& value) const {
    detail::check_message<T>();
    return Shared<T>{make_blob(detail::encoded_bytes(value))};
  }

  /// No more tasks are taken. Those submitted are done, then the workers end. Returns at once; again: no effect.
  void close() const;
  /// Waits until all tasks and workers have ended. @throws Misuse  it is open: `close` or `terminate` it before
  /// Blocks without limit; after 30 s a line says so.
  void join() const;
  /// Closes it and waits for at most `patience`; then terminates it. @returns whether all tasks were done
  bool drain(Duration patience) const;
  /// Ends all tasks as Closed and the workers by SIGKILL. Returns at once; again: no effect.
  void terminate() const;
  /// Ends all tasks that have not begun as Cancelled. @returns how many
  std::size_t cancel_pending() const;
  /// Starts further workers, or ends some as soon as they have done what they run. Returns at once. @throws Misuse  less than 1
  void resize(int workers) const;

  /// Workers that it is to have.
  [[nodiscard]] std::size_t size() const;
  /// Workers that live and have answered.
  [[nodiscard]] std::size_t alive() const;
  /// Their processes.
  [[nodiscard]] std::vector<int> pids() const;
  /// Of all its calls together, since it last had nothing to do.
  [[nodiscard]] Progress progress() const;
  [[nodiscard]] const std::string& name() const;

  explicit operator bool() const noexcept { return shared_owner() != nullptr; }

 private:
  void end() noexcept;
};

}  // namespace troupe
