// troupe: actors in processes. Apache-2.0, see LICENSE.
// A queue shared by processes: one owner actor, any number of Queue<T> handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/queue_owner.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

/// For a queue that takes whatever is put.
inline constexpr std::uint64_t unbounded = UINT64_MAX;

struct QueueOptions {
  /// Items that may be in it; then putters wait. Unbounded: programs fill a queue before they start who empties it.
  std::uint64_t capacity = unbounded;
  /// For people: in errors, and in the line about a call that waits for long.
  std::string name = "queue";
  /// Where the owner lives.
  Place place = here;
};

namespace detail {

/// @throws the error, unless it is of the expected type
void raise_unexpected(const std::shared_ptr<const ErrorInfo>& error, ErrorType expected);

}  // namespace detail

/// A handle to a queue that lives in an actor of its own. Cheap to copy; may be an argument, a member, part of a message.
/// Items that one process put are taken in that order; of those who wait, the first comes first.
///
/// A call that waits has no limit unless given one: it ends with what it waits for, with the queue's `close`, or with the end
/// of the queue's owner, and says in a line after 30 s what it waits for. In a handler it blocks the handler; there are
/// `co_await queue.get_async()` and `put_async`.
///
/// Lifetime: the queue lives until `destroy` or until the node ends that made it; the handle may outlive it. Then every member throws
///           Closed, or ActorDied if the owner's process died.
/// Threads:  safe, distinct handles and one handle alike.
/// Empty (default constructed): every member throws Misuse.
template <class T>
class Queue {
  using Owner = detail::QueueOwner<T>;

 public:
  class Iterator;

  Queue() noexcept = default;
  /// Makes a queue.
  /// @throws Misuse  a capacity of zero
  /// @throws Closed  the node is ending
  explicit Queue(Node& node, QueueOptions options = {})
      : owner_{detail::spawn_owner<Owner>(node, options.place, options.capacity, options.name)}, name_{std::move(options.name)} {
    detail::check_message<T>();
  }

  /// Adds `item` once there is room.
  /// @param patience  longest wait for room
  /// @throws Full       no room within `patience`; nothing was added
  /// @throws Closed     the queue is closed or has ended; nothing was added
  /// @throws ActorDied  the owner's process died; `executed()` tells whether it may have been added
  /// @throws Malformed  the item is too large or too deeply nested to be sent; nothing was added
  void put(T item, Duration patience = forever) { wait("for room in the queue", put_asked(std::move(item), patience)).get(); }
  /// The same, without waiting for room. @returns whether it was added
  /// @throws Closed, ActorDied, Malformed  as `put`
  bool try_put(T item) { return try_put_for(std::move(item), Duration::zero()); }
  bool try_put_for(T item, Duration patience) {
    return done(wait("for room in the queue", put_asked(std::move(item), patience)).result(), ErrorType::full);
  }
  /// As `put`, without blocking: for `co_await`, and for puts that overlap.
  [[nodiscard]] Future<void> put_async(T item) { return put_asked(std::move(item), forever); }
  /// Adds all, one behind the other, each once there is room for it: others' items may come between them.
  /// @throws Closed  as `put`; the text says how many were added
  void put_many(std::vector<T> items) { wait("for room in the queue", put_asked(std::move(items), forever)).get(); }
  /// Adds all, if there is room for all of them now. @returns whether; if not, nothing was added
  bool try_put_many(std::vector<T> items) {
    return done(wait("for room in the queue", put_asked(std::move(items), Duration::zero())).result(), ErrorType::full);
  }

  /// Takes the first item once there is one.
  /// @param patience  longest wait
  /// @throws Timeout    no item within `patience`; nothing was taken
  /// @throws Closed     the queue is closed and everything was taken (then it is an EndOfStream), or it has ended
  /// @throws ActorDied  the owner's process died
  T get(Duration patience = forever) { return get_asked(patience).get(); }
  /// The first item, if there is one within `patience`: the owner decides that, and an item whose time came too late stays.
  /// @throws Closed, ActorDied  as `get`
  std::optional<T> try_get() { return try_get_for(Duration::zero()); }
  std::optional<T> try_get_for(Duration patience) { return value(get_asked(patience), ErrorType::timeout); }
  /// The first item once there is one; nothing when the queue is closed and everything was taken.
  /// @throws Closed, ActorDied  the owner has ended: never a silent end
  std::optional<T> next() { return value(get_asked(forever), ErrorType::end_of_stream); }
  /// As `get`, without blocking: for `co_await`. An item whose future is dropped is lost.
  [[nodiscard]] Future<T> get_async() { return owner().ask(detail::QueueGet{forever}, forever); }
  /// Takes as many items as there are, `most` at most; waits for the first.
  /// @throws Closed, ActorDied  as `get`
  std::vector<T> get_many(std::size_t most) {
    return wait("for an item of the queue", owner().ask(detail::QueueGetMany{1, most, forever}, forever)).get();
  }
  /// Takes exactly `count` items, or none if there are fewer now.
  /// @throws Closed, ActorDied  as `get`
  std::vector<T> try_get_many(std::size_t count) {
    auto asked = owner().ask(detail::QueueGetMany{count, count, Duration::zero()}, forever);
    return value(wait("for an item of the queue", std::move(asked)), ErrorType::timeout).value_or(std::vector<T>{});
  }

  /// No more is put; what is in it is still taken, then `next` ends. Whoever waits for room gets Closed. Again: no effect.
  void close() { owner().ask(detail::QueueClose{}).get(); }
  /// Ends the owner: what is in it is lost, and every later call throws Closed.
  void destroy() { owner().stop(); }

  /// Says that one item that was taken has been worked off; for `join`.
  /// @throws Misuse  called more often than items were put
  void task_done() { owner().ask(detail::QueueTaskDone{}).get(); }
  /// Waits until `task_done` was called for every item that was put.
  void join() { wait("until all is done of the queue", owner().ask(detail::QueueJoin{forever}, forever)).get(); }
  /// @returns whether that came within `patience`
  bool join_for(Duration patience) {
    return done(wait("until all is done of the queue", owner().ask(detail::QueueJoin{patience}, forever)).result(), ErrorType::timeout);
  }

  /// Items in it: already another number, perhaps, when the caller reads it.
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(look().size); }
  [[nodiscard]] bool empty() const { return look().size == 0; }
  [[nodiscard]] bool full() const {
    const detail::QueueLooks looks = look();
    return looks.size >= looks.capacity;
  }
  [[nodiscard]] std::uint64_t capacity() const { return look().capacity; }
  [[nodiscard]] bool closed() const { return look().closed; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// `for (T item : queue)` takes items until the queue is closed and empty. @throws  as `next`
  [[nodiscard]] Iterator begin() { return Iterator{*this}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  explicit operator bool() const noexcept { return static_cast<bool>(owner_); }
  friend bool operator==(const Queue& left, const Queue& right) { return left.owner_ == right.owner_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(owner_, name_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(owner_, name_);
  }

 private:
  [[nodiscard]] const Ref<Owner>& owner() const {
    if (!owner_) detail::raise_no_owner("queue");
    return owner_;
  }
  [[nodiscard]] detail::QueueLooks look() const { return owner().ask(detail::QueueLook{}).get(); }
  Future<void> put_asked(T item, Duration patience) { return owner().ask(detail::QueuePut<T>{std::move(item), patience}, forever); }
  Future<void> put_asked(std::vector<T> items, Duration patience) {
    return owner().ask(detail::QueuePutMany<T>{std::move(items), patience}, forever);
  }
  Future<T> get_asked(Duration patience) { return wait("for an item of the queue", owner().ask(detail::QueueGet{patience}, forever)); }
  template <class R>
  Future<R> wait(const char* what, Future<R> asked) const {
    detail::wait_for_others(asked.shared_state(), what, name_);
    return asked;
  }
  static bool done(const Result<void>& result, ErrorType expected) {
    if (!result) detail::raise_unexpected(result.error_info(), expected);
    return result.has_value();
  }
  template <class R>
  static std::optional<R> value(Future<R> ended, ErrorType expected) {
    auto result = ended.result();
    if (result) return std::move(*result);
    detail::raise_unexpected(result.error_info(), expected);
    return std::nullopt;
  }

  Ref<Owner> owner_;
  std::string name_;
};

/// Of `for (T item : queue)`.
template <class T>
class Queue<T>::Iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(Queue& queue) : queue_{&queue}, item_{queue.next()} {}
  [[nodiscard]] T& operator*() { return *item_; }
  Iterator& operator++() {
    item_ = queue_->next();
    return *this;
  }
  bool operator==(std::default_sentinel_t) const noexcept { return !item_; }

 private:
  Queue* queue_;
  std::optional<T> item_;
};

}  // namespace troupe
