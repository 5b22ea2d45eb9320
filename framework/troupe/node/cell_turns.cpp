// troupe: actors in processes. Apache-2.0, see LICENSE.
// The turns of an actor: what is handled, how it ends.
#include <algorithm>
#include <utility>

#include <troupe/node/cell.hpp>
#include <troupe/node/cell_extras.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/received_frame.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/archive.hpp>

namespace troupe::detail {

namespace {

constexpr unsigned room_step = 64;                         // handled messages between two releases of room
constexpr auto slice_time = std::chrono::milliseconds{1};  // a slice ends at the next look at the clock

class StopJob final : public Job {
 public:
  void run(LocalCell& cell) override { cell.begin_end(EndReason::normal); }
  [[nodiscard]] bool for_actor() const noexcept override { return true; }
};

class ChildEndedJob final : public Job {
 public:
  explicit ChildEndedJob(CellPointer child) : child_{std::move(child)} {}
  void run(LocalCell& cell) override { cell.child_ended(*child_); }

 private:
  const CellPointer child_;
};

}  // namespace

void ReceivedMessage::take() const {
  if (intake->take(credit_bytes(payload_bytes))) ReceivedFrame::of(node).session()->grant(*intake);
}

void LocalCell::stop() { post_behind(std::make_unique<StopJob>()); }

// Behind what the running turn told before, also if that waits in its outbox.
void LocalCell::post_behind(std::unique_ptr<Job> job) {
  LocalCell* sender = context().cell;
  Extras* senders = sender == nullptr ? nullptr : sender->extras_if_any();
  if (senders == nullptr || senders->outbox.empty()) {
    post(std::move(job));
  } else {
    senders->outbox.push_back({Counted<Cell>{this}, job.release()});
  }
}

void LocalCell::overtake() {
  class WakeJob final : public Job {
   public:
    void run(LocalCell&) override {}
  };
  post(std::make_unique<WakeJob>());
}

void LocalCell::kill() {
  overtaking_.store(Overtaking::kill);
  overtake();
}

void LocalCell::halt() {
  Overtaking none = Overtaking::none;
  overtaking_.compare_exchange_strong(none, Overtaking::halt);
  overtake();
}

LocalCell::Run LocalCell::run(unsigned budget) {
  const ContextScope scope{&node(), this};
  if (life_ == Life::ended) return end_when_sent();
  if (life_ == Life::starting) {
    life_ = Life::living;
    try {
      behaviour_.start(actor_);
    } catch (...) {
      fail(describe(std::current_exception()));
    }
  }
  unsigned handled = 0;
  TimePoint end = TimePoint::max();
  for (unsigned turns = 0;; ++turns) {
    const Overtaking wanted = overtaking_.load(std::memory_order_relaxed);
    if (wanted != Overtaking::none && life_ == Life::living) begin_end(wanted == Overtaking::kill ? EndReason::killed : EndReason::normal);
    if (life_ == Life::ending && (extras_if_any() == nullptr || extras().children.empty()) && !vacate()) {
      finish();
      return end_when_sent();
    }
    bool long_slice = turns >= budget;
    if (turns % room_step == room_step - 1) {  // the clock costs as much as a turn: not for short slices
      const TimePoint now = node().clock().now();
      if (end == TimePoint::max()) end = now + slice_time;
      long_slice = long_slice || now >= end;
    }
    if (handled >= room_step || long_slice) handled_all_of(std::exchange(handled, 0));
    if (outbox_full() && !settle_outbox()) {
      handled_all_of(handled);
      return Run::idle;
    }
    if (long_slice) {
      node().flush_slice();
      return Run::more;
    }
    MailNode* next = next_message();
    if (next == nullptr) {
      handled_all_of(std::exchange(handled, 0));
      if (!settle_outbox()) return Run::idle;
      if (mailbox_.sleep()) return Run::idle;
      continue;
    }
    if (hold_back(*next)) continue;
    if (next->kind() == MailNode::local) ++handled;
    handle(*next);
  }
}

void LocalCell::handle(MailNode& message) {
  const std::uint64_t turns = turns_.load(std::memory_order_relaxed);
  const bool is_job = message.kind() == MailNode::job;
  turns_.store(turns + (is_job ? 3 : 1), std::memory_order_relaxed);
  handle_in_turn(message);
  turns_.store(is_job ? turns : turns + 4, std::memory_order_relaxed);
}

void LocalCell::handle_in_turn(MailNode& message) {
  if (message.kind() == MailNode::job) {
    auto& job = static_cast<Job&>(message);
    try {
      job.run(*this);
    } catch (...) {
      fail(describe(std::current_exception()));
    }
    job.dispose();
    return;
  }
  if (life_ != Life::living) {
    discard(message);
    return;
  }
  if (message.kind() == MailNode::local) {
    handle_local(static_cast<LocalMessage&>(message));
  } else {
    handle_received(message);
  }
}

void LocalCell::handle_local(LocalMessage& message) {
  if (message.asker == nullptr) {
    Turn turn{*this, nullptr, nullptr, 0, nullptr};
    try {
      message.operations().handle(actor_, message, turn);
    } catch (...) {
      fail(describe(std::current_exception()));
    }
    return;
  }
  const auto asker = Counted<FutureState>::adopt(message.asker);
  if (asker->claimed()) {  // cancelled, or its deadline has passed: not begun
    message.operations().destroy(message);
    return;
  }
  Turn turn{*this, asker.get(), nullptr, 0, nullptr};
  try {
    message.operations().handle(actor_, message, turn);
  } catch (...) {
    turn.fail(describe(std::current_exception()));
  }
}

void LocalCell::handle_received(MailNode& node_in_frame) {
  const auto& message = reinterpret_cast<const ReceivedMessage&>(node_in_frame);
  message.take();
  Turn turn{*this, nullptr, nullptr, message.ask, &node_in_frame};
  if (message.ask != 0) turn.session = ReceivedFrame::of(node_in_frame).session();
  const bool late = message.deadline != 0 && node().clock().now().time_since_epoch().count() > message.deadline;
  if (late || (message.ask != 0 && turn.session->take_cancelled(message.ask))) {
    turn.decoded();  // its asker has given up: not begun
    return;
  }
  try {
    behaviour_.handlers[message.handler].handle(actor_, message.payload(), turn);
    turn.decoded();
  } catch (...) {
    turn.decoded();
    const auto thrown = describe(std::current_exception());
    if (turn.asked()) {
      turn.fail(thrown);
    } else {
      fail(thrown);
    }
  }
  node().after_remote_turn();
}

void LocalCell::discard(MailNode& message) {
  switch (message.kind()) {
    case MailNode::job:
      static_cast<Job&>(message).dispose();
      return;
    case MailNode::local: {
      auto& local = static_cast<LocalMessage&>(message);
      const auto asker = Counted<FutureState>::adopt(local.asker);
      if (asker) {
        asker->fail(end_error());
      } else {
        node().dead_letter(local.operations().type().name, *this);
      }
      local.operations().destroy(local);
      return;
    }
    case MailNode::encoded:
      return;  // lies in outboxes only
    case MailNode::frame: {
      const auto& received = reinterpret_cast<const ReceivedMessage&>(message);
      ReceivedFrame& frame = ReceivedFrame::of(message);
      received.take();
      if (received.ask != 0) {
        frame.session()->reply_error(received.ask, end_error());
      } else {
        node().dead_letter(behaviour_.handlers[received.handler].type().name, *this);
      }
      frame.unpin();
      return;
    }
  }
}

void LocalCell::fail(std::shared_ptr<const ErrorInfo> error) {
  if (ending()) return;
  node().report_failure(*this, *error);
  extras().error = std::move(error);
  begin_end(EndReason::failed);
}

void LocalCell::begin_end(EndReason reason) {
  if (ending()) return;
  Extras* mine = extras_if_any();
  if (mine != nullptr && mine->before_end && reason != EndReason::killed && mine->before_end(mine->verdict)) return;
  life_ = Life::ending;
  reason_.store(reason, std::memory_order_release);
  if (mine == nullptr) return;
  for (const CellPointer& child : mine->children) node().end_child(*child);
}

void LocalCell::attach(std::shared_ptr<Attachment> attachment) {
  const Attachment* key = attachment.get();
  Extras& mine = extras();
  attachment->number = mine.attached++;
  mine.attachments.emplace(key, std::move(attachment));
}

void LocalCell::detach(const Attachment& attachment) {
  if (Extras* mine = extras_if_any()) mine->attachments.erase(&attachment);
}

void LocalCell::add_child(CellPointer child) {
  Extras& mine = extras();
  const std::lock_guard lock{mine.mutex};
  mine.children.push_back(std::move(child));
}

void LocalCell::post_child_ended(CellPointer child) { post(std::make_unique<ChildEndedJob>(std::move(child))); }

void LocalCell::child_ended(Cell& child) {
  Extras& mine = extras();
  const auto found = std::find_if(mine.children.begin(), mine.children.end(), [&](const auto& each) { return each.get() == &child; });
  if (found == mine.children.end()) return;
  const CellPointer ended = *found;  // not destroyed under the mutex
  const std::lock_guard lock{mine.mutex};
  mine.children.erase(found);
}

void LocalCell::end_attachments() noexcept {
  Extras* mine = extras_if_any();
  if (mine == nullptr) return;
  std::vector<std::shared_ptr<Attachment>> attachments;
  for (auto& [key, attachment] : std::exchange(mine->attachments, {})) attachments.push_back(std::move(attachment));
  std::sort(attachments.begin(), attachments.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
  for (const auto& attachment : attachments) attachment->actor_ends();
  for (auto& [target, watch] : std::exchange(mine->watches, {})) watch->end();
}

// The last turn of this actor; its cell may get another one.
void LocalCell::end_actor() {
  if (actor_ != nullptr && reason_.load(std::memory_order_relaxed) == EndReason::normal) {
    try {
      behaviour_.stopping(actor_);
    } catch (...) {
      const auto thrown = describe(std::current_exception());
      node().report_failure(*this, *thrown);
    }
  }
  end_attachments();
  if (actor_ != nullptr) behaviour_.destroy(std::exchange(actor_, nullptr));
}

void LocalCell::finish() {
  end_actor();
  Extras* mine = extras_if_any();
  if (mine != nullptr && mine->verdict != nullptr) {
    mine->error = std::move(mine->verdict);
    reason_.store(EndReason::failed, std::memory_order_release);
  }
  life_ = Life::ended;
  close_mailbox();
  if (room_wanted_.load()) wake_waiting();
  if (mine != nullptr) mine->give_up_at = after(node().clock().now(), node().options().linger);
}

// The end is known, to who waits for it, when what the actor sent has left its outbox.
LocalCell::Run LocalCell::end_when_sent() {
  if (!settle_outbox()) return Run::idle;
  tell_watchers();
  node().flush_slice();  // nothing else of this slice would: the next turn of this thread may be far
  const EndReason reason = reason_.load(std::memory_order_relaxed);
  Extras* mine = extras_if_any();
  if (mine != nullptr && mine->on_end) std::exchange(mine->on_end, nullptr)(reason, mine->error);
  if (parent_ != nullptr) parent_->post_child_ended(CellPointer{this});
  node().actor_ended(*this);
  return Run::ended;
}

}  // namespace troupe::detail
