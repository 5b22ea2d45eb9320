// troupe: actors in processes. Apache-2.0, see LICENSE.
// The outbox of an actor: what its handlers sent while the target had no room, here or in another process.
#include <algorithm>
#include <string>
#include <utility>

#include <troupe/node/cell.hpp>
#include <troupe/node/cell_extras.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/letter.hpp>
#include <troupe/node/session.hpp>

namespace troupe::detail {

namespace {

void destroy_queued(MailNode& message) {
  if (message.kind() == MailNode::encoded) {
    delete &static_cast<EncodedMessage&>(message);
    return;
  }
  auto& local = static_cast<LocalMessage&>(message);
  const auto asker = Counted<FutureState>::adopt(local.asker);
  local.operations().destroy(local);
}

constexpr auto least_patience = std::chrono::seconds{1};  // what was accepted is not given up sooner
constexpr const char* no_room = " has no room for another message: nothing was sent";

std::string label_of(const Cell& target) {
  if (target.local()) return static_cast<const LocalCell&>(target).label();
  return "actor #" + std::to_string(target.id()) + " at " + static_cast<const RemoteCell&>(target).session()->endpoint();
}

void fail_asker(const Counted<FutureState>& asker, const ErrorInfo& reason) {
  if (!asker) return;
  ErrorInfo not_sent = reason;
  not_sent.executed = Executed::no;
  asker->fail(std::move(not_sent));
}

// Ends a message of an outbox that will not be sent: a dead letter, or an ask that fails. Does not free it.
void give_up(NodeCore& node, MailNode& message, const ErrorInfo& reason) {
  if (message.kind() == MailNode::encoded) {
    const Letter& letter = static_cast<EncodedMessage&>(message).letter;
    if (letter.kind == EnvelopeKind::tell) node.dead_letter(letter.type->name, reason);
    if (letter.kind == EnvelopeKind::ask) fail_asker(node.pending().take(letter.ask), reason);
    return;
  }
  auto& local = static_cast<LocalMessage&>(message);
  if (local.asker == nullptr) node.dead_letter(local.operations().type().name, reason);
  fail_asker(Counted<FutureState>{local.asker}, reason);
}

// Sends what lay in an outbox. @returns false: no room, the message stays
bool send_queued(RemoteCell& target, EncodedMessage& message) {
  std::shared_ptr<const ErrorInfo> reason;
  try {
    switch (target.session()->try_send(message.letter, message.payload)) {
      case Session::Sent::accepted:
        return true;
      case Session::Sent::no_room:
        return false;
      case Session::Sent::ended:
        reason = target.session()->end_reason();
        break;
    }
  } catch (...) {
    reason = describe(std::current_exception());
  }
  give_up(target.node(), message, *reason);
  return true;
}

}  // namespace

std::shared_ptr<const ErrorInfo> LocalCell::send(RemoteCell& target, const Letter& letter, Encoded& payload, Duration patience) {
  const Extras* mine = extras_if_any();
  if (mine == nullptr || mine->outbox.empty()) {
    Session& session = *target.session();
    switch (session.try_send(letter, payload)) {
      case Session::Sent::accepted:
        return nullptr;
      case Session::Sent::ended:
        return session.end_reason();
      case Session::Sent::no_room:
        break;
    }
  }
  target.session()->check_size(payload.size());
  queue({Counted<Cell>{&target}, new EncodedMessage{letter, std::move(payload)}}, patience);
  return nullptr;
}

std::shared_ptr<const ErrorInfo> send_from_here(RemoteCell& target, const Letter& letter, Encoded& payload, Duration patience) {
  LocalCell* sender = target.node().current_cell();
  if (sender != nullptr) return sender->send(target, letter, payload, patience);
  return target.session()->send(letter, payload, patience);
}

bool LocalCell::outbox_full() const noexcept {
  const Extras* mine = extras_if_any();
  return mine != nullptr && !mine->outbox.empty() &&
         (mine->outbox.size() >= node().options().outbox_messages || mine->outbox_bytes >= node().options().outbox_bytes);
}

// To be called in a turn of this actor: puts a message behind the others, once there is room for it.
void LocalCell::queue(Outgoing message, Duration patience) {
  Extras& mine = extras();
  const TimePoint until = after(node().clock().now(), patience);
  try {
    while (outbox_full()) {
      drain_outbox();
      if (!outbox_full()) break;
      // Nobody else drains it while this thread waits in its turn.
      const Counted<Cell> first = mine.outbox.front().target;
      const TimePoint first_until = mine.outbox.front().until;
      const auto room = Counted<TypedState<void>>::adopt(TypedState<void>::make(node()));
      if (await_room_of(*first, room)) continue;
      if (node().wait(*room, std::min(until, first_until))) continue;
      leave_wait_of(*first, room);
      if (node().clock().now() >= until) raise(ErrorType::full, label_of(*message.target) + no_room);
    }
  } catch (...) {
    destroy_queued(*message.node);
    throw;
  }
  message.until = after(node().clock().now(), std::max<Duration>(patience, least_patience));
  if (message.node->kind() == MailNode::encoded) mine.outbox_bytes += static_cast<EncodedMessage&>(*message.node).payload.size();
  mine.outbox.push_back(std::move(message));
}

bool LocalCell::await_room_of(Cell& target, const Counted<TypedState<void>>& room) {
  if (target.local()) return static_cast<LocalCell&>(target).await_room(room);
  return static_cast<RemoteCell&>(target).session()->await_room(target.id(), room);
}

void LocalCell::leave_wait_of(Cell& target, const Counted<TypedState<void>>& room) {
  if (target.local()) {
    Extras& of = static_cast<LocalCell&>(target).extras();
    const std::lock_guard lock{of.mutex};
    std::erase(of.waiting_turns, room);
  } else {
    static_cast<RemoteCell&>(target).session()->leave_wait(target.id(), room);
  }
}

bool LocalCell::await_room_of(Cell& target) {
  if (target.local()) return static_cast<LocalCell&>(target).await_room(*this);
  return static_cast<RemoteCell&>(target).session()->await_room(target.id(), *this);
}

// Hands the first message of the outbox on. @returns false: its target has no room
bool LocalCell::send_first(Extras& mine) {
  const Outgoing& first = mine.outbox.front();
  if (first.node->kind() == MailNode::encoded)
    return send_queued(static_cast<RemoteCell&>(*first.target), static_cast<EncodedMessage&>(*first.node));
  auto& target = static_cast<LocalCell&>(*first.target);
  if (first.node->kind() == MailNode::job) {
    target.post(std::unique_ptr<Job>{static_cast<Job*>(first.node)});
    return true;
  }
  if (!target.reserve_room()) {
    if (!target.ended()) return false;
    target.size_.fetch_add(1, std::memory_order_relaxed);  // put gives it back
  }
  target.put(static_cast<LocalMessage&>(*first.node));
  return true;
}

void LocalCell::drain_outbox() {
  Extras* mine = extras_if_any();
  while (mine != nullptr && !mine->outbox.empty()) {
    const Outgoing& first = mine->outbox.front();
    const bool encoded = first.node->kind() == MailNode::encoded;
    const std::size_t bytes = encoded ? static_cast<EncodedMessage&>(*first.node).payload.size() : 0;
    const bool sent = send_first(*mine);
    if (!sent) {
      const TimePoint now = node().clock().now();
      if (now < mine->give_up_at && (!outbox_full() || now < first.until)) return;
      give_up(node(), *first.node, make_error(ErrorType::full, label_of(*first.target) + no_room));
    }
    if (encoded || !sent) destroy_queued(*first.node);
    mine->outbox_bytes -= bytes;
    mine->outbox.pop_front();
  }
}

// @param when  the end of time: not at all
void LocalCell::arm_outbox_timer(Extras& mine, TimePoint when) {
  if (mine.outbox_timer.armed.load()) {
    if (!node().timers().cancel(mine.outbox_timer)) return;  // it fires just now, and wakes us
    const Counted<LocalCell> owner = std::move(mine.outbox_timer.owner);
    mine.outbox_timer.armed.store(false);
  }
  if (when == TimePoint::max()) return;
  mine.outbox_timer.owner = Counted<LocalCell>{this};
  mine.outbox_timer.armed.store(true);
  node().timers().schedule(mine.outbox_timer, when);
}

// Ends a slice: sends what it told, and sees to it that somebody drains the outbox.
// @returns false: the actor takes no turns until it is called for
bool LocalCell::settle_outbox() {
  Extras* mine = extras_if_any();
  for (;;) {
    drain_outbox();
    node().flush_slice();  // what has just left the outbox too: this thread may sleep next
    if (mine == nullptr) return true;
    if (mine->outbox.empty()) {
      arm_outbox_timer(*mine, TimePoint::max());
      return true;
    }
    const bool pause = life_ == Life::ended || outbox_full();
    if (pause) mine->paused.store(true);
    const Counted<Cell> target = mine->outbox.front().target;
    if (pause) arm_outbox_timer(*mine, std::min(mine->outbox.front().until, mine->give_up_at));
    if (!await_room_of(*target)) return !pause;
    if (pause && !mine->paused.exchange(false)) return false;  // somebody scheduled us meanwhile
  }
}

// The owner's target has room: an actor that is paused goes on; one that sleeps is told by a job.
void LocalCell::wake_for_room() {
  Extras& mine = extras();
  if (mine.paused.exchange(false)) {
    schedule();
    return;
  }
  if (mine.drain_job.queued.exchange(true)) return;
  if (mailbox_.push(&mine.drain_job) == Mailbox::Pushed::wake_owner) schedule();
}

void LocalCell::Extras::OutboxTimer::fire() {
  const Counted<LocalCell> cell = std::move(owner);
  armed.store(false);
  cell->wake_for_room();
}

void LocalCell::Extras::DrainJob::run(LocalCell& cell) {
  queued.store(false);
  cell.drain_outbox();
}

}  // namespace troupe::detail
