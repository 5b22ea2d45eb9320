// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_handle.hpp>

#include <utility>
#include <variant>

#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/queue_client.hpp>

namespace troupe::detail {

namespace {

constexpr const char* for_room = "for room in the queue";
constexpr const char* for_an_item = "for an item of the queue";

}  // namespace

QueueHandle::QueueHandle(Node& node, QueueOptions options, const TypeName& items, const ItemKind* objects) {
  QueueSettings settings{options.capacity, options.name, options.max_deliveries, std::string{items.name}, 0};
  if (objects != nullptr) settings.objects = items.id;
  auto owner = spawn_owner<QueueOwner>(node, options.place, std::move(settings));
  client_ = std::make_shared<QueueClient>(std::move(owner), std::move(options.name), items);
}

QueueClient& QueueHandle::client() const {
  if (client_ == nullptr) raise_no_owner("queue");
  return *client_;
}
Ref<QueueOwner> QueueHandle::owner() const { return client_ ? client_->owner() : Ref<QueueOwner>{}; }
bool QueueHandle::same(const QueueHandle& other) const { return owner() == other.owner(); }

// --- Putting ---

void QueueHandle::put_item(Item item, Duration patience) {
  if (!client().put_into_slot(item)) put_item_confirmed(std::move(item), patience);
}

void QueueHandle::put_item_confirmed(Item item, Duration patience) {
  waited(client().ask_to_put(std::move(item), patience), for_room, name()).get();
}

bool QueueHandle::try_put_item_for(Item item, Duration patience) {
  if (client().put_into_slot(item)) return true;
  return done_unless(ErrorType::full, waited(client().ask_to_put(std::move(item), patience), for_room, name()).result());
}

Future<void> QueueHandle::put_item_async(Item item) {
  if (client().put_into_slot(item)) return settled_future<void>(client().node(), std::monostate{});
  return client().ask_to_put(std::move(item), forever);
}

void QueueHandle::put_items(std::vector<Item> items) {
  waited(client().ask(QueuePutMany{std::move(items), forever}), for_room, name()).get();
}

bool QueueHandle::try_put_items(std::vector<Item> items) {
  return done_unless(ErrorType::full, client().ask(QueuePutMany{std::move(items), Duration::zero()}).result());
}

// --- Getting ---

std::optional<Item> QueueHandle::item_at_hand() { return client().take(); }

Item QueueHandle::get_item(Duration patience) {
  if (auto item = client().take()) return std::move(*item);
  return client().receive(waited(client().fetch(patience), for_an_item, name()).get());
}

std::optional<Item> QueueHandle::get_item_unless(ErrorType expected, Duration patience) {
  if (auto item = client().take()) return item;
  auto window = waited(client().fetch(patience), for_an_item, name()).result();
  if (window) return client().receive(std::move(*window));
  if (window.error().type != expected) raise(window.error_info());
  return std::nullopt;
}

void QueueHandle::get_item_async(FutureState& state, void (*fulfil)(FutureState& state, Item item)) { client().fetch_into(state, fulfil); }

std::vector<Item> QueueHandle::get_items(std::size_t most) {
  std::vector<Item> items;
  while (items.size() < most) {
    auto item = client().take();
    if (!item) break;
    items.push_back(std::move(*item));
  }
  if (!items.empty() || most == 0) return items;
  return waited(client().ask(QueueFetch{forever, 1, most, 0}), for_an_item, name()).get().items;
}

std::vector<Item> QueueHandle::try_get_items(std::size_t count) {
  client().give_back();
  auto window = client().ask(QueueFetch{Duration::zero(), count, count, 0}).result();
  if (window) return std::move(window->items);
  if (window.error().type != ErrorType::timeout) raise(window.error_info());
  return {};
}

QueueHanded QueueHandle::take_item(const TakeOptions& options) {
  return waited(client().ask_to_take(options.patience, options.lease), for_an_item, name()).get();
}

std::optional<QueueHanded> QueueHandle::try_take_item(const TakeOptions& options) {
  auto handed = waited(client().ask_to_take(options.patience, options.lease), for_an_item, name()).result();
  if (handed) return std::move(*handed);
  if (handed.error().type != ErrorType::timeout) raise(handed.error_info());
  return std::nullopt;
}

void QueueHandle::take_item_async(FutureState& state, Duration lease, void (*fulfil)(FutureState& state, TakenHandle handle, Item item)) {
  client().take_into(state, lease, fulfil);
}

Future<void> QueueHandle::ready_async() const {
  if (client().holds_items()) return settled_future<void>(client().node(), std::monostate{});
  return client().ask(QueueAwait{});
}

// --- For wait_any ---

NodeCore& QueueHandle::troupe_node() const { return client().node(); }

bool QueueHandle::troupe_ready() const {
  if (client().holds_items()) return true;
  try {
    return client().look().ready;
  } catch (const Closed&) {  // then `get` says the same at once
    return true;
  } catch (const ActorDied&) {
    return true;
  }
}

void QueueHandle::troupe_ring(const Bell& bell) const { client().ring(bell); }

// --- Everything else ---

void QueueHandle::close() { client().ask(QueueClose{}, default_patience).get(); }
void QueueHandle::destroy() { client().owner().stop(); }

void QueueHandle::task_done() { client().ask(QueueTaskDone{}, default_patience).get(); }

void QueueHandle::join() { (void)join_for(forever); }

bool QueueHandle::join_for(Duration patience) {
  return done_unless(ErrorType::timeout, waited(client().ask(QueueJoin{patience}), "until all is done of the queue", name()).result());
}

std::size_t QueueHandle::size() const { return static_cast<std::size_t>(client().look().size); }
bool QueueHandle::full() const {
  const QueueLooks looks = client().look();
  return looks.size >= looks.capacity;
}
std::uint64_t QueueHandle::capacity() const { return client().look().capacity; }
bool QueueHandle::closed() const { return client().look().closed; }
const std::string& QueueHandle::name() const { return client().name(); }
const Ref<QueueOwner>& QueueHandle::queue_owner() const { return client().owner(); }
const CellPointer& QueueHandle::troupe_owner() const { return client().owner().pointer(); }

namespace {

/// A handle as it travels.
struct QueueOnWire {
  Ref<QueueOwner> owner;
  std::string name;
  std::uint64_t type = 0;  // of the items
  std::uint64_t digest = 0;
  std::string type_name;
};

}  // namespace

void QueueHandle::save(OutArchive& archive) const {
  QueueOnWire wire;
  if (client_ != nullptr) {
    const TypeName& items = client_->items();
    wire = {client_->owner(), client_->name(), items.id, items.digest, std::string{items.name}};
  }
  archive(wire);
}

void QueueHandle::load_as(InArchive& archive, const TypeName& items) {
  QueueOnWire wire;
  archive(wire);
  client_ = nullptr;
  if (!wire.owner) return;
  if (wire.type != items.id || wire.digest != items.digest)
    raise(ErrorType::malformed, "the queue '" + wire.name + "' is one of " + wire.type_name + ", not of " + std::string{items.name} +
                                    (wire.type == items.id ? " as it is here" : ""));
  client_ = std::make_shared<QueueClient>(std::move(wire.owner), std::move(wire.name), items);
}

}  // namespace troupe::detail
