// troupe: actors in processes. Apache-2.0, see LICENSE.
// What of a handle to a queue does not depend on its items.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/node/bells.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/item.hpp>
#include <troupe/patterns/queue_taken.hpp>

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
  /// How often an item may be taken by `take` without being done; then it is a dead letter, and who waits in `join` need not wait for
  /// it. 0, no limit: what fails once may go well elsewhere.
  std::uint32_t max_deliveries = 0;
};

struct TakeOptions {
  /// Longest wait for an item.
  Duration patience = forever;
  /// How long the item is the taker's; then it is the first of the queue again. Without end: as long as the taker's process lives.
  Duration lease = forever;
};

namespace detail {

class QueueClient;
class QueueOwner;

/// An item that is taken to be worked on, as the owner hands it out and keeps it.
struct QueueHanded {
  std::uint64_t number = 0;
  std::uint32_t delivery = 0;  // from 1
  Item item;
};

/// See Queue.
class QueueHandle {
 public:
  /// Ends when `get` would not wait: there was an item, or the queue is closed or has ended. Another getter may be faster then.
  [[nodiscard]] Future<void> ready_async() const;

  /// No more is put; what is in it is still taken, then `next` ends. Whoever waits for room gets Closed. Again: no effect.
  /// Returns once every put that has returned is in the queue.
  void close();
  /// Ends the owner: what is in it is lost, and every later call throws Closed.
  void destroy();

  /// Says that one item that was taken has been worked off; for `join`.
  /// @throws Misuse  called more often than items were put
  void task_done();
  /// Waits until `task_done` was called for every item that was put.
  void join();
  /// @returns whether that came within `patience`
  bool join_for(Duration patience);

  /// Items in it: already another number, perhaps, when the caller reads it.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::uint64_t capacity() const;
  [[nodiscard]] bool closed() const;
  [[nodiscard]] const std::string& name() const;

  // For `wait_any`: ready when `get` would not wait.
  [[nodiscard]] NodeCore& troupe_node() const;
  [[nodiscard]] bool troupe_ready() const;
  void troupe_ring(const Bell& bell) const;

  [[nodiscard]] const Ref<QueueOwner>& queue_owner() const;
  [[nodiscard]] const CellPointer& troupe_owner() const;
  explicit operator bool() const noexcept { return client_ != nullptr; }

  void save(OutArchive& archive) const;

 protected:
  QueueHandle() noexcept = default;
  /// @param objects  of items that must be objects at the owner too; else null
  QueueHandle(Node& node, QueueOptions options, const TypeName& items, const ItemKind* objects);

  void put_item(Item item, Duration patience);
  void put_item_confirmed(Item item, Duration patience);
  bool try_put_item_for(Item item, Duration patience);
  [[nodiscard]] Future<void> put_item_async(Item item);
  void put_items(std::vector<Item> items);
  bool try_put_items(std::vector<Item> items);

  /// An item that this process holds already.
  [[nodiscard]] std::optional<Item> item_at_hand();
  [[nodiscard]] Item get_item(Duration patience);
  [[nodiscard]] std::optional<Item> get_item_unless(ErrorType expected, Duration patience);
  void get_item_async(FutureState& state, void (*fulfil)(FutureState& state, Item item));
  [[nodiscard]] std::vector<Item> get_items(std::size_t most);
  [[nodiscard]] std::vector<Item> try_get_items(std::size_t count);

  [[nodiscard]] QueueHanded take_item(const TakeOptions& options);
  [[nodiscard]] std::optional<QueueHanded> try_take_item(const TakeOptions& options);
  void take_item_async(FutureState& state, Duration lease, void (*fulfil)(FutureState& state, TakenHandle handle, Item item));
  [[nodiscard]] TakenHandle taken(const QueueHanded& handed) const { return {client_, handed.number, handed.delivery}; }

  [[nodiscard]] bool same(const QueueHandle& other) const;
  /// @throws Malformed  it is the handle to a queue of other items, or of such as they are in another program
  void load_as(InArchive& archive, const TypeName& items);

 private:
  /// @throws Misuse  the handle is empty
  [[nodiscard]] QueueClient& client() const;
  [[nodiscard]] Ref<QueueOwner> owner() const;

  std::shared_ptr<QueueClient> client_;
};

}  // namespace detail
}  // namespace troupe
