// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the calls of a pool have in common, without the types of their tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/patterns/pool_job.hpp>
#include <troupe/patterns/pool_options.hpp>
#include <troupe/patterns/pool_task.hpp>

namespace troupe {

/// A value that many tasks of a pool use: sent to each worker once, where it is decoded once. An argument like any other, for a parameter
/// `const T&`. Made by `pool.share(value)`.
///
/// Lifetime: the value lives as long as a handle or a task that uses it.
/// Threads:  distinct handles may be used from distinct threads.
template <class T>
class Shared {
 public:
  explicit Shared(std::shared_ptr<const detail::PoolBlob> blob) noexcept : blob_{std::move(blob)} {}
  [[nodiscard]] const std::shared_ptr<const detail::PoolBlob>& blob() const noexcept { return blob_; }

 private:
  std::shared_ptr<const detail::PoolBlob> blob_;
};

namespace detail {

class PoolOwner;

/// What a map reads: encoded, one after the other.
class PoolFeed {
 public:
  PoolFeed() noexcept = default;
  virtual ~PoolFeed() = default;
  PoolFeed(const PoolFeed&) = delete;
  PoolFeed& operator=(const PoolFeed&) = delete;
  /// @returns false: there are no more @throws what the input throws
  [[nodiscard]] virtual bool next(Bytes& item) = 0;
};

/// @tparam Range   a reference to what the caller keeps, or what it has given away
/// @tparam Encode  makes bytes of an element
template <class Range, class Encode>
class PoolFeedOf final : public PoolFeed {
 public:
  explicit PoolFeedOf(Range&& range) : range_(std::forward<Range>(range)) {}
  bool next(Bytes& item) override {
    if (!at_) {
      at_.emplace(std::begin(range_));
    } else {
      ++*at_;
    }
    if (!(*at_ != std::end(range_))) return false;
    item = Encode{}(**at_);
    return true;
  }

 private:
  Range range_;
  std::optional<std::decay_t<decltype(std::begin(std::declval<Range&>()))>> at_;
};

template <class Range>
using ElementOf = decltype(*std::begin(std::declval<std::remove_reference_t<Range>&>()));

template <class Element, class Given>
Element travelling(Given&& given) {
  if constexpr (requires { given.blob(); }) {
    return Element{given.blob()->id};
  } else {
    return static_cast<Element>(std::forward<Given>(given));
  }
}

/// What of the arguments is shared.
template <class Given>
void add_shared(PoolBlobs& blobs, const Given& given) {
  if constexpr (requires { given.blob(); }) blobs.push_back(given.blob());
}

template <class Tuple, class... Given>
Tuple make_tuple_of(Given&&... given) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return Tuple{travelling<std::tuple_element_t<I, Tuple>>(std::forward<Given>(given))...};
  }
  (std::index_sequence_for<Given...>{});
}

template <class Items>
struct EncodeItem {
  template <class Element>
  Bytes operator()(Element&& element) const {
    return encoded_bytes(make_tuple_of<Items>(std::forward<Element>(element)));
  }
};
template <class Items>
struct EncodeTuple {
  template <class Element>
  Bytes operator()(Element&& element) const {
    return encoded_bytes(std::apply([](auto&&... each) { return make_tuple_of<Items>(std::forward<decltype(each)>(each)...); },
                                    std::forward<Element>(element)));
  }
};

template <class Tuple>
struct ElementsOf;
template <class... Each>
struct ElementsOf<std::tuple<Each...>> {
  using List = TypeList<Each...>;
};
template <class First, class Second>
struct ElementsOf<std::pair<First, Second>> {
  using List = TypeList<First, Second>;
};

template <class Parameters, std::size_t first, class Given>
constexpr bool takes = false;
template <class Parameters, std::size_t first, class... Given>
constexpr bool takes<Parameters, first, TypeList<Given...>> = []<std::size_t... I>(std::index_sequence<I...>) {
  return (std::is_constructible_v<std::tuple_element_t<first + I, Parameters>, Unshared<Given>> && ...);
}
(std::index_sequence_for<Given...>{});

/// How a function is called with some arguments of each task's own and some that are bound: which types travel, and what comes back.
template <class Callee, class Items, class Bound>
struct PoolPlan;
template <class Callee, class... Item, class... Bound>
struct PoolPlan<Callee, TypeList<Item...>, TypeList<Bound...>> {
  using Parameters = typename ParametersOf<Callee, Unshared<Item>..., Unshared<Bound>...>::Tuple;
  static constexpr bool fits = std::tuple_size_v<Parameters> == sizeof...(Item) + sizeof...(Bound);
  static_assert(fits, "pool: the function takes another number of arguments");
  static_assert(takes<Parameters, 0, TypeList<Item..., Bound...>>, "pool: an argument does not convert to the function's parameter");
  using Items = typename Slice<Parameters, 0, TypeList<Item...>>::Tuple;
  using BoundTuple = typename Slice<Parameters, sizeof...(Item), TypeList<Bound...>>::Tuple;
  using Task = PoolTaskOf<Callee, Items, BoundTuple>;
  using Returned = typename Task::Returned;

  static constexpr bool check() {
    check_arguments<Items>();
    check_arguments<BoundTuple>();
    if constexpr (!std::is_void_v<Returned>) check_message<Returned>();
    return true;
  }
};

template <class R>
void finish_row(FutureState& state, const PoolRow& row) {
  using Values = std::vector<PoolValue<R>>;
  auto& typed = static_cast<TypedState<Values>&>(state);
  try {
    Values values;
    values.reserve(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) values.push_back(decode_result<R>(row.at(i)));
    typed.fulfil(std::move(values));
  } catch (...) {
    state.fail(describe(std::current_exception()));
  }
}

/// Results of a stream that is fed while they are taken.
class PoolReader {
 public:
  PoolReader(std::shared_ptr<PoolOwner> owner, std::shared_ptr<PoolStream> stream, std::unique_ptr<PoolFeed> feed, std::size_t window);
  ~PoolReader();
  PoolReader(const PoolReader&) = delete;
  PoolReader& operator=(const PoolReader&) = delete;

  /// The next result. @returns nothing: that was all
  /// @throws what the input threw, once all before it is taken; Timeout: none came within `patience`
  [[nodiscard]] std::optional<PoolStream::Item> take(Duration patience);

 private:
  void feed(TimePoint until);

  const std::shared_ptr<PoolOwner> owner_;
  const std::shared_ptr<PoolStream> stream_;
  std::unique_ptr<PoolFeed> feed_;  // null: it has ended
  const std::size_t window_;
  std::size_t fed_ = 0;
  std::size_t taken_ = 0;
  std::exception_ptr input_error_;
};

/// A pool and how the tasks of a call are run.
class PoolCallsBase {
 public:
  PoolCallsBase() noexcept = default;
  PoolCallsBase(std::shared_ptr<PoolOwner> owner, TaskOptions options) noexcept : owner_{std::move(owner)}, options_{options} {}

 protected:
  /// @throws Misuse  it is empty
  [[nodiscard]] PoolOwner& owner() const;
  [[nodiscard]] NodeCore& node() const;
  [[nodiscard]] const std::shared_ptr<PoolOwner>& shared_owner() const noexcept { return owner_; }
  [[nodiscard]] std::shared_ptr<const PoolBlob> make_blob(Bytes bytes) const;
  /// @throws Misuse  the options are wrong
  void configure(PoolJob& job) const;
  /// Has the tasks of a job ended when its future is cancelled, or as its patience ends.
  void watch_future(const std::shared_ptr<PoolJob>& job, FutureState& state) const;
  void submit(const std::shared_ptr<PoolJob>& job, Bytes task) const;
  void submit_all(const std::shared_ptr<PoolRow>& row, PoolFeed& feed) const;
  [[nodiscard]] std::unique_ptr<PoolReader> read(const std::shared_ptr<PoolStream>& stream, std::unique_ptr<PoolFeed> feed) const;
  void wait(FutureState& state) const;

  template <class Job, class Plan, class State, class... Bound>
  void bind(Job& job, State&& state, const Bound&... bound) const {
    if constexpr (Plan::Task::holds) {
      auto blob = make_blob(encoded_bytes(std::tuple_cat(std::forward<State>(state), make_tuple_of<typename Plan::BoundTuple>(bound...))));
      job.bound = blob->id;
      job.blobs.push_back(std::move(blob));
      (add_shared(job.blobs, bound), ...);
    }
  }

  std::shared_ptr<PoolOwner> owner_;
  TaskOptions options_;
};

}  // namespace detail
}  // namespace troupe
