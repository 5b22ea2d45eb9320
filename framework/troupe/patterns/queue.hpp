// troupe: actors in processes. Apache-2.0, see LICENSE.
// A queue shared by processes: one owner actor, any number of Queue<T> handles.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/actor/promise.hpp>
#include <troupe/patterns/queue_handle.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

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
class Queue : public detail::QueueHandle {
  using Item = detail::Item;

 public:
  class Iterator;

  Queue() noexcept = default;
  /// Makes a queue.
  /// @throws Misuse  a capacity of zero
  /// @throws Closed  the node is ending
  explicit Queue(Node& node, QueueOptions options = {})
      : QueueHandle{node, std::move(options), detail::type_name<T>(), detail::ItemsOf<T>::objects()} {
    detail::check_message<T>();
  }

  /// Adds `item` once it has a slot. It is encoded before the call returns, and lost only if this process dies before it is sent.
  /// @param patience  longest wait for room
  /// @throws Full       no room within `patience`; nothing was added
  /// @throws Closed     the queue is closed or has ended; nothing was added
  /// @throws ActorDied  the owner's process died; `executed()` tells whether it may have been added
  /// @throws Malformed  the item is too large or too deeply nested to be sent; nothing was added
  void put(T item, Duration patience = forever) { put_item(Item::of(std::move(item)), patience); }
  /// The same, and returns once the item is in the queue, safe from this process's end.
  void put_confirmed(T item, Duration patience = forever) { put_item_confirmed(Item::of(std::move(item)), patience); }
  /// As `put`, without waiting for room. @returns whether it was added
  /// @throws Closed, ActorDied, Malformed  as `put`
  bool try_put(T item) { return try_put_for(std::move(item), Duration::zero()); }
  bool try_put_for(T item, Duration patience) { return try_put_item_for(Item::of(std::move(item)), patience); }
  /// As `put`, without blocking: for `co_await`, and for puts that overlap.
  [[nodiscard]] Future<void> put_async(T item) { return put_item_async(Item::of(std::move(item))); }
  /// Adds all, one behind the other, each once there is room for it: others' items may come between them.
  /// @throws Closed  as `put`; the text says how many were added
  void put_many(std::vector<T> items) { put_items(detail::ItemsOf<T>::pack(std::move(items))); }
  /// Adds all, if there is room for all of them now. @returns whether; if not, nothing was added
  bool try_put_many(std::vector<T> items) { return try_put_items(detail::ItemsOf<T>::pack(std::move(items))); }

  /// Takes the first item once there is one.
  /// @param patience  longest wait
  /// @throws Timeout    no item within `patience`; nothing was taken
  /// @throws Closed     the queue is closed and everything was taken (then it is an EndOfStream), or it has ended
  /// @throws ActorDied  the owner's process died
  T get(Duration patience = forever) { return get_item(patience).template take<T>(); }
  /// The first item, if there is one within `patience`: the owner decides that, and an item whose time came too late stays.
  /// @throws Closed, ActorDied  as `get`
  std::optional<T> try_get() { return try_get_for(Duration::zero()); }
  std::optional<T> try_get_for(Duration patience) { return opened(get_item_unless(ErrorType::timeout, patience)); }
  /// The first item once there is one; nothing when the queue is closed and everything was taken.
  /// @throws Closed, ActorDied  the owner has ended: never a silent end
  std::optional<T> next() { return opened(get_item_unless(ErrorType::end_of_stream, forever)); }
  /// As `get`, without blocking: for `co_await`. An item whose future is dropped is lost.
  [[nodiscard]] Future<T> get_async() {
    using State = detail::TypedState<T>;
    auto item = item_at_hand();
    auto state = detail::Counted<State>::adopt(State::make(troupe_node()));
    if (item) {
      state->fulfil(item->template take<T>());
    } else {
      get_item_async(*state, [](detail::FutureState& to, Item got) { static_cast<State&>(to).fulfil(got.take<T>()); });
    }
    return Future<T>{std::move(state)};
  }
  /// Takes as many items as there are, `most` at most; waits for the first.
  /// @throws Closed, ActorDied  as `get`
  std::vector<T> get_many(std::size_t most) { return detail::ItemsOf<T>::unpack(get_items(most)); }
  /// Takes exactly `count` items, or none if there are fewer now.
  /// @throws Closed, ActorDied  as `get`
  std::vector<T> try_get_many(std::size_t count) { return detail::ItemsOf<T>::unpack(try_get_items(count)); }

  /// Takes the first item once there is one, to work on it and say so: see Taken. Until then it counts in `size`, a queue that is
  /// closed goes on, and it is bytes: what can only be moved cannot be taken so.
  /// @throws Timeout  no item within `options.patience`; nothing was taken. @throws Misuse  the lease is not positive
  /// @throws Closed, ActorDied  as `get`
  [[nodiscard]] Taken<T> take(TakeOptions options = {}) { return opened(take_item(options)); }
  /// The same, if there is one now, or within `patience`.
  [[nodiscard]] std::optional<Taken<T>> try_take(Duration lease = forever) { return try_take_for(Duration::zero(), lease); }
  [[nodiscard]] std::optional<Taken<T>> try_take_for(Duration patience, Duration lease = forever) {
    auto handed = try_take_item({patience, lease});
    if (!handed) return std::nullopt;
    return opened(std::move(*handed));
  }
  /// As `take`, without blocking: for `co_await`. An item whose future is dropped is given back.
  [[nodiscard]] Future<Taken<T>> take_async(Duration lease = forever) {
    using State = detail::TypedState<Taken<T>>;
    auto state = detail::Counted<State>::adopt(State::make(troupe_node()));
    take_item_async(*state, lease, [](detail::FutureState& to, detail::TakenHandle handle, Item item) {
      static_cast<State&>(to).fulfil(Taken<T>{std::move(handle), item.take<T>()});
    });
    return Future<Taken<T>>{std::move(state)};
  }

  /// `for (T item : queue)` takes items until the queue is closed and empty. @throws  as `next`
  [[nodiscard]] Iterator begin() { return Iterator{*this}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  friend bool operator==(const Queue& left, const Queue& right) { return left.same(right); }

  void load(detail::InArchive& archive) { load_as(archive, detail::type_name<T>()); }

 private:
  Taken<T> opened(detail::QueueHanded handed) const {
    static_assert(detail::all_copies<T>(), "troupe: what can only be moved cannot be taken to be given back; use get");
    detail::TakenHandle handle = taken(handed);
    return {std::move(handle), handed.item.template take<T>()};
  }
  static std::optional<T> opened(std::optional<Item> item) {
    if (!item) return std::nullopt;
    return item->template take<T>();
  }
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
