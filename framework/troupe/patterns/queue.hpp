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
#include <variant>
#include <vector>

#include <troupe/actor/ref.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/queue_client.hpp>
#include <troupe/patterns/queue_messages.hpp>
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
      : Queue{detail::spawn_owner<Owner>(node, options.place, options.capacity, options.name), std::move(options.name)} {
    detail::check_message<T>();
  }

  /// Adds `item` once it has a slot. It is encoded before the call returns, and lost only if this process dies before it is sent.
  /// @param patience  longest wait for room
  /// @throws Full       no room within `patience`; nothing was added
  /// @throws Closed     the queue is closed or has ended; nothing was added
  /// @throws ActorDied  the owner's process died; `executed()` tells whether it may have been added
  /// @throws Malformed  the item is too large or too deeply nested to be sent; nothing was added
  void put(T item, Duration patience = forever) {
    if (client().put_into_slot(item)) return;
    wait("for room in the queue", client().ask_to_put(std::move(item), patience)).get();
  }
  /// The same, and returns once the item is in the queue, safe from this process's end.
  void put_confirmed(T item, Duration patience = forever) {
    wait("for room in the queue", client().ask_to_put(std::move(item), patience)).get();
  }
  /// As `put`, without waiting for room. @returns whether it was added
  /// @throws Closed, ActorDied, Malformed  as `put`
  bool try_put(T item) { return try_put_for(std::move(item), Duration::zero()); }
  bool try_put_for(T item, Duration patience) {
    if (client().put_into_slot(item)) return true;
    return done(wait("for room in the queue", client().ask_to_put(std::move(item), patience)).result(), ErrorType::full);
  }
  /// As `put`, without blocking: for `co_await`, and for puts that overlap.
  [[nodiscard]] Future<void> put_async(T item) {
    if (client().put_into_slot(item)) return detail::settled_future<void>(client().node(), std::monostate{});
    return client().ask_to_put(std::move(item), forever);
  }
  /// Adds all, one behind the other, each once there is room for it: others' items may come between them.
  /// @throws Closed  as `put`; the text says how many were added
  void put_many(std::vector<T> items) {
    wait("for room in the queue", client().ask(detail::QueuePutMany<T>{std::move(items), forever})).get();
  }
  /// Adds all, if there is room for all of them now. @returns whether; if not, nothing was added
  bool try_put_many(std::vector<T> items) {
    return done(client().ask(detail::QueuePutMany<T>{std::move(items), Duration::zero()}).result(), ErrorType::full);
  }

  /// Takes the first item once there is one.
  /// @param patience  longest wait
  /// @throws Timeout    no item within `patience`; nothing was taken
  /// @throws Closed     the queue is closed and everything was taken (then it is an EndOfStream), or it has ended
  /// @throws ActorDied  the owner's process died
  T get(Duration patience = forever) {
    if (auto item = client().take()) return std::move(*item);
    return client().receive(fetch(patience).get());
  }
  /// The first item, if there is one within `patience`: the owner decides that, and an item whose time came too late stays.
  /// @throws Closed, ActorDied  as `get`
  std::optional<T> try_get() { return get_unless(ErrorType::timeout, Duration::zero()); }
  std::optional<T> try_get_for(Duration patience) { return get_unless(ErrorType::timeout, patience); }
  /// The first item once there is one; nothing when the queue is closed and everything was taken.
  /// @throws Closed, ActorDied  the owner has ended: never a silent end
  std::optional<T> next() { return get_unless(ErrorType::end_of_stream, forever); }
  /// As `get`, without blocking: for `co_await`. An item whose future is dropped is lost.
  [[nodiscard]] Future<T> get_async() {
    if (auto item = client().take()) return detail::settled_future<T>(client().node(), std::move(*item));
    return client().ask(detail::QueueGet{forever});
  }
  /// Ends when `get` would not wait: there was an item, or the queue is closed or has ended. Another getter may be faster then.
  [[nodiscard]] Future<void> ready_async() const {
    if (client().holds_items()) return detail::settled_future<void>(client().node(), std::monostate{});
    return client().ask(detail::QueueAwait{});
  }
  /// Takes as many items as there are, `most` at most; waits for the first.
  /// @throws Closed, ActorDied  as `get`
  std::vector<T> get_many(std::size_t most) {
    std::vector<T> items;
    while (items.size() < most) {
      auto item = client().take();
      if (!item) break;
      items.push_back(std::move(*item));
    }
    if (!items.empty() || most == 0) return items;
    return wait("for an item of the queue", client().ask(detail::QueueGetMany{1, most, forever})).get();
  }
  /// Takes exactly `count` items, or none if there are fewer now.
  /// @throws Closed, ActorDied  as `get`
  std::vector<T> try_get_many(std::size_t count) {
    client().give_back();
    auto result = client().ask(detail::QueueGetMany{count, count, Duration::zero()}).result();
    if (result) return std::move(*result);
    detail::raise_unexpected(result.error_info(), ErrorType::timeout);
    return {};
  }

  /// No more is put; what is in it is still taken, then `next` ends. Whoever waits for room gets Closed. Again: no effect.
  /// Returns once every put that has returned is in the queue.
  void close() { client().ask(detail::QueueClose{}, default_patience).get(); }
  /// Ends the owner: what is in it is lost, and every later call throws Closed.
  void destroy() { client().owner().stop(); }

  /// Says that one item that was taken has been worked off; for `join`.
  /// @throws Misuse  called more often than items were put
  void task_done() { client().ask(detail::QueueTaskDone{}, default_patience).get(); }
  /// Waits until `task_done` was called for every item that was put.
  void join() { wait("until all is done of the queue", client().ask(detail::QueueJoin{forever})).get(); }
  /// @returns whether that came within `patience`
  bool join_for(Duration patience) {
    return done(wait("until all is done of the queue", client().ask(detail::QueueJoin{patience})).result(), ErrorType::timeout);
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
  [[nodiscard]] const std::string& name() const { return client().name(); }

  /// `for (T item : queue)` takes items until the queue is closed and empty. @throws  as `next`
  [[nodiscard]] Iterator begin() { return Iterator{*this}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  [[nodiscard]] const Ref<detail::QueueOwner<T>>& queue_owner() const { return client().owner(); }
  explicit operator bool() const noexcept { return client_ != nullptr; }
  friend bool operator==(const Queue& left, const Queue& right) { return left.owner() == right.owner(); }

  template <class Archive>
  void save(Archive& archive) const {
    archive(owner(), client_ ? client_->name() : std::string{});
  }
  template <class Archive>
  void load(Archive& archive) {
    Ref<Owner> owner;
    std::string name;
    archive(owner, name);
    *this = owner ? Queue{std::move(owner), std::move(name)} : Queue{};
  }

 private:
  using Client = detail::QueueClient<T>;

  Queue(Ref<Owner> owner, std::string name) : client_{std::make_shared<Client>(std::move(owner), std::move(name))} {}

  [[nodiscard]] Client& client() const {
    if (client_ == nullptr) detail::raise_no_owner("queue");
    return *client_;
  }
  [[nodiscard]] Ref<Owner> owner() const { return client_ ? client_->owner() : Ref<Owner>{}; }
  [[nodiscard]] detail::QueueLooks look() const { return client().ask(detail::QueueLook{}, default_patience).get(); }
  Future<detail::QueueWindow<T>> fetch(Duration patience) { return wait("for an item of the queue", client().fetch(patience)); }
  std::optional<T> get_unless(ErrorType expected, Duration patience) {
    if (auto item = client().take()) return item;
    auto result = fetch(patience).result();
    if (result) return client().receive(std::move(*result));
    detail::raise_unexpected(result.error_info(), expected);
    return std::nullopt;
  }
  template <class R>
  Future<R> wait(const char* what, Future<R> asked) const {
    detail::wait_for_others(asked.shared_state(), what, client().name());
    return asked;
  }
  static bool done(const Result<void>& result, ErrorType expected) {
    if (!result) detail::raise_unexpected(result.error_info(), expected);
    return result.has_value();
  }

  std::shared_ptr<Client> client_;
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
