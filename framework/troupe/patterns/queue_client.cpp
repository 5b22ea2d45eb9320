// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_client.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

#include <troupe/patterns/messenger.hpp>

namespace troupe::detail {

namespace {

constexpr std::uint64_t many = 8;  // asks; then slots and windows are worth a port
constexpr std::uint64_t first_window = 16;
constexpr std::uint64_t report_items = 16;
constexpr auto report_interval = std::chrono::microseconds{50};  // what a getter that dies may have taken unreported

/// Hands an item of this process on to who knows its type.
class HandOver final : public Continuation {
 public:
  HandOver(FutureState& to, void (*fulfil)(FutureState&, Item)) : to_{&to}, fulfil_{fulfil} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    if (state.error() != nullptr) return to_->fail(state.error());
    try {
      fulfil_(*to_, static_cast<TypedState<Item>&>(state).take());
    } catch (...) {
      to_->fail(describe(std::current_exception()));
    }
  }
  void call(FutureState&) override {}
  [[nodiscard]] bool wanted() override { return to_->wanted(); }

 private:
  const Counted<FutureState> to_;
  void (*const fulfil_)(FutureState& to, Item item);
};

/// The same with an item that is to be worked on.
class HandOverTaken final : public Continuation {
 public:
  using Fulfil = void (*)(FutureState& to, TakenHandle handle, Item item);
  HandOverTaken(std::shared_ptr<QueueClient> client, FutureState& to, Fulfil fulfil)
      : client_{std::move(client)}, to_{&to}, fulfil_{fulfil} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    if (state.error() != nullptr) return to_->fail(state.error());
    QueueHanded handed = static_cast<TypedState<QueueHanded>&>(state).take();
    if (to_->claimed()) return client_->give_back_taken(handed.number, false);
    try {
      fulfil_(*to_, TakenHandle{client_, handed.number, handed.delivery}, std::move(handed.item));
    } catch (...) {
      to_->fail(describe(std::current_exception()));
    }
  }
  void call(FutureState&) override {}
  [[nodiscard]] bool wanted() override { return to_->wanted(); }

 private:
  const std::shared_ptr<QueueClient> client_;
  const Counted<FutureState> to_;
  const Fulfil fulfil_;
};

}  // namespace

Duration checked_lease(Duration lease) {
  if (lease <= Duration::zero()) throw Misuse{"a lease must be positive, or nobody could work on the item"};
  return lease;
}

QueueClient::~QueueClient() {
  try {
    give_back();
  } catch (...) {  // the owner has no room for it now: the port's end says the same
  }
  if (port_) port_.stop();
}

// --- Putting ---

bool QueueClient::put_into_slot(Item& item) {
  if (!take_slot()) return false;
  try {
    tell(QueuePutIntoSlot{std::move(item), number()});
  } catch (...) {
    return_slots(1);
    throw;
  }
  return true;
}

Future<void> QueueClient::ask_to_put(Item item, Duration patience) {
  const std::uint64_t client = puts_.fetch_add(1, std::memory_order_relaxed) < many ? 0 : number();  // who asks much gets slots
  return ask(QueuePut{std::move(item), patience, client});
}

bool QueueClient::take_slot() noexcept {
  std::uint64_t slots = slots_.load(std::memory_order_relaxed);
  while (slots > 0)
    if (slots_.compare_exchange_weak(slots, slots - 1)) return true;
  return false;
}

void QueueClient::slots_recalled() {
  puts_.store(0);
  return_slots(slots_.exchange(0));
}

void QueueClient::return_slots(std::uint64_t slots) {
  if (slots != 0) tell(QueueSlotsBack{number(), slots});
}

// --- Getting ---

std::optional<Item> QueueClient::take() {
  QueueTaken report;
  std::optional<Item> item;
  {
    const std::lock_guard lock{mutex_};
    if (window_.empty()) return item;
    item.emplace(std::move(window_.front()));
    window_.pop_front();
    ++taken_;
    if (window_.empty() || report_due()) report = {lease_, reported_ = taken_};
  }
  if (report.lease != 0) tell(report);
  return item;
}

bool QueueClient::holds_items() {
  const std::lock_guard lock{mutex_};
  return !window_.empty();
}

Future<QueueWindow> QueueClient::fetch(Duration patience) {
  QueueFetch fetch{patience};
  {
    const std::lock_guard lock{mutex_};
    fetch.most = next_window();
  }
  if (fetch.most > 1) fetch.client = number();
  if (fetch.client == 0) fetch.most = 1;  // who has no number gets what it takes
  return ask(fetch);
}

void QueueClient::fetch_into(FutureState& state, void (*fulfil)(FutureState& state, Item item)) {
  const QueueGet get{forever};
  const ContextScope outside_of_actors{&node(), nullptr};
  Cell& cell = *owner_.pointer();
  if (cell.local()) {
    auto item = Counted<TypedState<Item>>::adopt(TypedState<Item>::make(node()));
    item->attach(std::make_unique<HandOver>(state, fulfil));
    static_cast<LocalCell&>(cell).deliver(TypedMessage<QueueOwner, QueueGet>::make(get, item.release()), forever);
  } else {
    Encoded payload{message_headroom};
    encode(payload, get);
    ask_remote(cell, type_name<QueueGet>(), payload, state, forever);
  }
}

Future<QueueHanded> QueueClient::ask_to_take(Duration patience, Duration lease) {
  (void)checked_lease(lease);
  give_back();
  return ask(QueueTake{patience, lease, port()});
}

void QueueClient::take_into(FutureState& state, Duration lease, void (*fulfil)(FutureState& state, TakenHandle handle, Item item)) {
  ask_to_take(forever, lease).shared_state().attach(std::make_unique<HandOverTaken>(shared_from_this(), state, fulfil));
}

void QueueClient::give_back_taken(std::uint64_t number, bool seen) noexcept {
  const QueueGiveBack back{number, seen};
  try {
    if (context().node_thread) return send_messenger(owner_, back);  // which must not wait
    (void)ask(back, default_patience);                               // not told: a queue that has ended gets no dead letter
  } catch (...) {                                                    // this process's end says the same
  }
}

void QueueClient::ring(const Bell& bell) {
  bells_->add(bell);
  if (holds_items()) return bells_->ring();
  const std::lock_guard lock{awaited_mutex_};
  if (awaited_.valid() && !awaited_.ready()) return;
  awaited_ = ask(QueueAwait{});
  ring_when(awaited_.shared_state(), bells_);
}

Item QueueClient::receive(QueueWindow window) {
  Item first = std::move(window.items.front());
  if (window.lease == 0) return first;
  bool recalled = false;
  {
    const std::lock_guard lock{mutex_};
    lease_ = window.lease;
    taken_ = 1;
    reported_ = 0;
    window_.assign(std::make_move_iterator(window.items.begin() + 1), std::make_move_iterator(window.items.end()));
    recalled = recalled_ == lease_;
  }
  if (recalled) give_back();
  return first;
}

void QueueClient::items_recalled(std::uint64_t lease) {
  {
    const std::lock_guard lock{mutex_};
    fetches_ = 0;
    recalled_ = lease;
    if (lease_ != lease) return;  // it is on its way to us, or over
  }
  give_back();
}

void QueueClient::owner_ended() {
  slots_.store(0);
  const std::lock_guard lock{mutex_};
  lease_ = 0;
  window_.clear();
}

void QueueClient::give_back() {
  QueueReturn back;
  {
    const std::lock_guard lock{mutex_};
    if (lease_ == 0) return;
    back.lease = std::exchange(lease_, 0);
    back.taken = taken_;
    if (owner_.pointer()->local()) back.items.assign(std::make_move_iterator(window_.begin()), std::make_move_iterator(window_.end()));
    window_.clear();
  }
  tell(std::move(back));
}

std::uint64_t QueueClient::next_window() {
  if (++fetches_ <= many) return window_size_ = 1;
  window_size_ = std::min(std::max(window_size_ * 2, first_window), most_leased);
  return window_size_;
}

bool QueueClient::report_due() {
  const TimePoint now = node().clock().now();
  if (taken_ - reported_ < report_items && now - last_report_ < report_interval) return false;
  last_report_ = now;
  return true;
}

// --- Both ---

Ref<QueuePort> QueueClient::port() {
  const std::lock_guard lock{port_mutex_};
  if (!port_) port_ = spawn_queue_port(weak_from_this(), owner_.pointer());
  return port_;
}

std::uint64_t QueueClient::number() {
  const std::uint64_t known = number_.load(std::memory_order_acquire);
  if (known != 0 || joining_.exchange(true)) return known;
  try {
    number_.store(ask(QueueJoinClients{port()}, default_patience).get(), std::memory_order_release);
  } catch (const Error&) {  // the call that wanted it will hear the same
  }
  return number_.load();
}

}  // namespace troupe::detail
