// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/cell.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/cell_extras.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/memory.hpp>
#include <troupe/node/parker.hpp>
#include <troupe/node/passengers.hpp>
#include <troupe/node/received_frame.hpp>
#include <troupe/node/seat.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/archive.hpp>

namespace troupe::detail {

Address Cell::address() const {
  if (local()) return {node_.id(), node_.incarnation(), id_};
  if (kind_ == Kind::seat) return static_cast<const SeatCell*>(this)->seat_address();
  const Session& session = *static_cast<const RemoteCell*>(this)->session();
  return {session.peer(), session.peer_incarnation(), id_};
}

namespace {

template <class C>
void destroy_as(Cell* cell) noexcept {
  auto* whole = static_cast<C*>(cell);
  whole->~C();
  give_memory(whole, sizeof(C));
}

}  // namespace

void Cell::destroy() noexcept {
  switch (kind_) {
    case Kind::local:
      return destroy_as<LocalCell>(this);
    case Kind::remote:
      return destroy_as<RemoteCell>(this);
    case Kind::seat:
      return destroy_as<SeatCell>(this);
  }
}

RemoteCell::RemoteCell(NodeCore& node, std::shared_ptr<Session> session, std::uint64_t id) noexcept
    : Cell{node, Kind::remote, id}, session_{std::move(session)} {}
RemoteCell::~RemoteCell() = default;

void Turn::decoded() {
  if (received != nullptr) ReceivedFrame::of(*std::exchange(received, nullptr)).unpin();
}

void Turn::fail(std::shared_ptr<const ErrorInfo> error) const {
  if (asker != nullptr) {
    asker->fail(std::move(error));
  } else if (ask_id != 0) {
    session->reply_error(ask_id, *error);
  }
}

void Turn::reply_encoded(Encoded& payload) const {
  (void)Passengers::take();  // who asked is no actor that they could watch
  session->reply(ask_id, payload);
}

LocalCell::LocalCell(NodeCore& node, std::uint64_t id, const Behaviour& behaviour, LocalCell* parent, std::uint32_t capacity) noexcept
    : Cell{node, Kind::local, id}, capacity_{capacity}, behaviour_{behaviour}, parent_{parent} {}

LocalCell::~LocalCell() { delete extras_.load(std::memory_order_relaxed); }

LocalCell::Extras& LocalCell::extras() {
  Extras* present = extras_if_any();
  if (present != nullptr) return *present;
  auto made = std::make_unique<Extras>();
  if (extras_.compare_exchange_strong(present, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *present;
}

std::string LocalCell::label() const { return std::string{behaviour_.name()} + '#' + std::to_string(id()); }

ErrorInfo LocalCell::end_error() const {
  const EndReason reason = reason_.load(std::memory_order_acquire);
  if (reason == EndReason::normal) {
    ErrorInfo info = make_error(ErrorType::closed, label() + " has stopped");
    info.actor = label();
    return info;
  }
  ErrorInfo info = make_error(ErrorType::actor_died, label() + (reason == EndReason::failed ? " failed" : " was killed"));
  info.actor = label();
  if (const Extras* extras = extras_if_any()) info.cause = extras->error;
  return info;
}

std::function<void(EndReason, std::shared_ptr<const ErrorInfo>)>& LocalCell::on_end() { return extras().on_end; }

std::function<bool(const std::shared_ptr<const ErrorInfo>&)>& LocalCell::before_end() { return extras().before_end; }

void LocalCell::schedule() { node().schedule(*this); }

void LocalCell::abandon(std::shared_ptr<const ErrorInfo> error) {
  extras().error = std::move(error);
  end_attachments();
  begin_end(EndReason::failed);
  life_ = Life::ended;
  close_mailbox();
  tell_watchers();
}

void LocalCell::close_mailbox() {
  if (Extras* mine = extras_if_any()) {
    mine->last_held = nullptr;
    while (MailNode* held = mine->first_held) {
      mine->first_held = held->next;
      discard(*held);
    }
  }
  MailNode* rest = mailbox_.close(taken_);
  while (rest != nullptr) {
    MailNode* next = rest->next;
    discard(*rest);
    rest = next;
  }
}

// --- Room -----------------------------------------------------------------------------------------------------------

bool LocalCell::reserve_room() noexcept {
  if (size_.fetch_add(1) < capacity_) return true;
  size_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void LocalCell::release_room(std::uint32_t messages) noexcept {
  if (messages == 0) return;
  const std::uint32_t before = size_.fetch_sub(messages);
  if (room_wanted_.load() && before - messages <= capacity_ / 2) wake_waiting();
}

void LocalCell::handled_all_of(std::uint32_t messages) noexcept {
  if (messages == 0) return;
  released_.store(released_.load(std::memory_order_relaxed) + messages, std::memory_order_relaxed);
  release_room(messages);
}

void LocalCell::wake_waiting() {
  std::vector<Counted<Cell>> senders;
  std::vector<Counted<TypedState<void>>> turns;
  {
    Extras& mine = extras();
    const std::lock_guard lock{mine.mutex};
    room_wanted_.store(false);
    senders.swap(mine.waiting_senders);
    turns.swap(mine.waiting_turns);
    for (Parker* parker : mine.waiting_threads) parker->wake();
  }
  for (auto& turn : turns) turn->fulfil(std::monostate{});
  for (auto& sender : senders) static_cast<LocalCell&>(*sender).wake_for_room();
}

// @returns true: there is room now, and nobody waits
bool LocalCell::await_room(LocalCell& sender) {
  Extras& mine = extras();
  const std::lock_guard lock{mine.mutex};
  const auto listed =
      std::find_if(mine.waiting_senders.begin(), mine.waiting_senders.end(), [&](const auto& each) { return each.get() == &sender; });
  room_wanted_.store(true);
  if (size_.load() < capacity_ || ended()) {
    if (listed != mine.waiting_senders.end()) mine.waiting_senders.erase(listed);
    return true;
  }
  if (listed == mine.waiting_senders.end()) mine.waiting_senders.emplace_back(&sender);
  return false;
}

bool LocalCell::await_room(Parker& parker) {
  Extras& mine = extras();
  const std::lock_guard lock{mine.mutex};
  room_wanted_.store(true);
  if (size_.load() < capacity_ || ended()) return true;
  if (std::find(mine.waiting_threads.begin(), mine.waiting_threads.end(), &parker) == mine.waiting_threads.end())
    mine.waiting_threads.push_back(&parker);
  return false;
}

bool LocalCell::await_room(const Counted<TypedState<void>>& room) {
  Extras& mine = extras();
  const std::lock_guard lock{mine.mutex};
  room_wanted_.store(true);
  if (size_.load() < capacity_ || ended()) return true;
  mine.waiting_turns.push_back(room);
  return false;
}

void LocalCell::leave_wait(Parker& parker) {
  Extras& mine = extras();
  const std::lock_guard lock{mine.mutex};
  std::erase(mine.waiting_threads, &parker);
}

// --- Delivery -------------------------------------------------------------------------------------------------------

void LocalCell::put(LocalMessage& message) {
  if (mailbox_.nothing_new()) mark_waiting();
  switch (mailbox_.push(&message)) {
    case Mailbox::Pushed::queued:
      return;
    case Mailbox::Pushed::wake_owner:
      schedule();
      return;
    case Mailbox::Pushed::closed:
      size_.fetch_sub(1, std::memory_order_relaxed);
      discard(message);
      return;
  }
}

void LocalCell::deliver(LocalMessage& message, Duration patience) {
  LocalCell* sender = context().cell;
  const bool queued_before_us = sender != nullptr && sender->extras_if_any() != nullptr && !sender->extras().outbox.empty();
  if (!queued_before_us && reserve_room()) {
    if (sender == nullptr) refuse_draining(message);
    put(message);
    return;
  }
  if (sender != nullptr) {
    sender->queue({Counted<Cell>{this}, &message}, patience);
  } else {
    wait_for_room(message, patience);
  }
}

// Of a plain thread, which has reserved room: who drains the node either sees that or has said so before.
void LocalCell::refuse_draining(LocalMessage& message) {
  if (!node().draining().begun() || !node().draining().refuses(message.operations().type().name)) return;
  release_room(1);
  const Counted<FutureState> asker = Counted<FutureState>::adopt(message.asker);  // NOLINT(clang-analyzer-deadcode.DeadStores): let go last
  message.operations().destroy(message);
  node().draining().refuse();
}

// Of a plain thread.
void LocalCell::wait_for_room(LocalMessage& message, Duration patience) {
  const TimePoint until = after(node().clock().now(), patience);
  Parker& parker = Parker::current();
  try {
    const BlockingScope blocking{node()};
    while (!ended() && !reserve_room()) {
      if (await_room(parker)) continue;
      node().loop().sleep(parker, until);
      leave_wait(parker);
      if (node().clock().now() >= until) raise(ErrorType::full, label() + " has no room for another message: nothing was sent");
    }
    if (ended()) size_.fetch_add(1, std::memory_order_relaxed);  // put gives it back
  } catch (...) {
    const Counted<FutureState> asker = Counted<FutureState>::adopt(message.asker);
    message.operations().destroy(message);
    throw;
  }
  refuse_draining(message);
  put(message);
}

bool LocalCell::push(MailNode& mail) {
  if (mailbox_.nothing_new()) mark_waiting();
  switch (mailbox_.push(&mail)) {
    case Mailbox::Pushed::queued:
      return true;
    case Mailbox::Pushed::wake_owner:
      schedule();
      return true;
    case Mailbox::Pushed::closed:
      break;
  }
  return false;
}

bool LocalCell::deliver_received(MailNode& node) { return push(node); }

bool LocalCell::post(std::unique_ptr<Job> job) {
  Job* posted = job.release();
  if (push(*posted)) return true;
  posted->dispose();
  return false;
}

}  // namespace troupe::detail
