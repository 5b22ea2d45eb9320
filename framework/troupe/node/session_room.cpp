// troupe: actors in processes. Apache-2.0, see LICENSE.
// Room in a session: what the peer acknowledges and grants, and what we acknowledge and grant.
#include <algorithm>
#include <iterator>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/report.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::detail {

namespace {
constexpr std::size_t lazy_ack_bytes = 256 << 10;  // answers that nobody waits to be acknowledged

template <class T>
void move_all(std::vector<T>& from, std::vector<T>& to) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
  from.clear();
}

}  // namespace

Session::Waiting::~Waiting() {
  for (auto& thread : threads) thread->fulfil(std::monostate{});
  for (auto& sender : senders) static_cast<LocalCell&>(*sender).wake_for_room();
}

// --- Room to send -----------------------------------------------------------------------------------------------------------

bool Session::has_room() const noexcept { return retained_bytes_ + bulk_.bytes() + open_.size() < node_.options().resend_bytes; }

Credit& Session::credit_for(std::uint64_t actor) {
  if (last_credit_ == nullptr || last_credited_ != actor) {
    last_credit_ = &credits_[actor];
    last_credited_ = actor;
  }
  return *last_credit_;
}

void Session::check_size(std::size_t payload) const {
  if (payload > node_.options().max_message_bytes)
    raise(ErrorType::malformed, "a message of " + std::to_string(payload) + " bytes is larger than max_message_bytes (" +
                                    std::to_string(node_.options().max_message_bytes) + "): nothing was sent");
}

// What takes no place in a mailbox is small, and always has room.
bool Session::may_send(const Letter& letter, std::size_t payload) {
  check_size(payload);
  return !letter.needs_credit() || (has_room() && credit_for(letter.target).open());
}

void Session::wait_for_room(const Letter& letter, std::unique_lock<std::mutex>& lock, TimePoint until) {
  while (state_ != State::ended && !may_send(letter, 0)) {
    if (open_) seal();
    const bool link_full = !has_room();
    auto room = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
    (link_full ? waiting_threads_ : credit_for(letter.target).waiting_threads).push_back(room);
    lock.unlock();
    const bool settled = node_.wait(*room, until);
    lock.lock();
    if (settled) continue;
    lock.unlock();
    leave_wait(letter.target, room);
    raise(ErrorType::full, (link_full ? "the connection to " + endpoint_ : "actor #" + std::to_string(letter.target) + " at " + endpoint_) +
                               " has no room within the patience: nothing was sent");
  }
}

bool Session::await_room(std::uint64_t actor, LocalCell& sender) {
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended || may_send({.kind = EnvelopeKind::tell, .target = actor}, 0)) return true;
  if (open_) seal();
  auto& senders = has_room() ? credit_for(actor).waiting_senders : waiting_senders_;
  if (std::none_of(senders.begin(), senders.end(), [&](const auto& each) { return each.get() == &sender; })) senders.emplace_back(&sender);
  return false;
}

bool Session::await_room(std::uint64_t actor, const Counted<TypedState<void>>& room) {
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended || may_send({.kind = EnvelopeKind::tell, .target = actor}, 0)) return true;
  if (open_) seal();
  (has_room() ? credit_for(actor).waiting_threads : waiting_threads_).push_back(room);
  return false;
}

void Session::leave_wait(std::uint64_t actor, const Counted<TypedState<void>>& room) {
  const std::lock_guard lock{mutex_};
  std::erase(waiting_threads_, room);
  std::erase(credit_for(actor).waiting_threads, room);
}

void Session::take_waiting_for_room(Waiting& waiting) {
  if (!has_room()) return;
  move_all(waiting_threads_, waiting.threads);
  move_all(waiting_senders_, waiting.senders);
}

void Session::take_waiting_for(Credit& credit, Waiting& waiting) {
  move_all(credit.waiting_threads, waiting.threads);
  move_all(credit.waiting_senders, waiting.senders);
}

void Session::on_grants(const std::vector<Grant>& grants) {
  Waiting waiting;
  const std::lock_guard lock{mutex_};
  for (const Grant& granted : grants) {
    const auto found = credits_.find(granted.actor);
    if (found == credits_.end()) continue;
    Credit& credit = found->second;
    credit.messages_granted = std::max(credit.messages_granted, granted.messages);
    credit.bytes_granted = std::max(credit.bytes_granted, granted.bytes);
    if (credit.open()) take_waiting_for(credit, waiting);
    if (granted.messages != granted_for_ever) continue;
    credits_.erase(found);  // should anybody still write to it, that is told again
    last_credit_ = nullptr;
  }
}

void Session::on_ack(std::uint64_t ack) {
  Waiting waiting;
  const std::lock_guard lock{mutex_};
  while (!retained_.empty() && retained_.front().sequence <= ack) {
    retained_bytes_ -= retained_.front().frame.size();
    if (retained_.front().wants_ack) --in_flight_;
    retained_.pop_front();
  }
  if (between_hosts()) window_.acknowledged(ack, node_.clock().now());
  send_bulk();
  if (open_ && open_wants_ack_ && in_flight_ == 0) seal();
  take_waiting_for_room(waiting);
}

std::string Session::unsent() const {
  const std::lock_guard lock{mutex_};
  const bool arrived = retained_.empty() || (state_ == State::open && in_flight_ == 0);
  if (state_ == State::ended || (arrived && !open_ && bulk_.empty())) return {};
  std::string text = "bytes not acknowledged: " + std::to_string(retained_bytes_ + open_.size() + bulk_.bytes());
  if (state_ != State::open) text += ", no connection";
  return text;
}

LinkLine Session::line() const {
  static constexpr const char* states[] = {"not dialled", "dialling", "open", "broken", "ended"};
  const std::lock_guard lock{mutex_};
  const std::uint64_t dials = epoch_ & UINT32_MAX;
  const std::size_t bytes = retained_bytes_ + open_.size() + bulk_.bytes();
  return {peer_, endpoint_, states[static_cast<std::size_t>(state_)], epoch_, bytes, dials == 0 ? 0 : dials - 1};
}

// --- What came --------------------------------------------------------------------------------------------------------------

Session::Sequence Session::on_sequence(std::uint64_t sequence, std::size_t bytes, bool wants_ack) {
  const std::uint64_t last = received_.load(std::memory_order_relaxed);
  ack_wanted_ = ack_wanted_ || wants_ack;
  if (sequence <= last) {
    ack_wanted_ = true;
    return Sequence::duplicate;
  }
  if (sequence != last + 1) return Sequence::gap;
  received_.store(sequence, std::memory_order_relaxed);
  unacknowledged_bytes_ += bytes;
  return Sequence::next;
}

std::shared_ptr<Intake> Session::intake(LocalCell& cell) {
  const std::lock_guard lock{mutex_};
  auto& intake = intakes_[cell.id()];
  if (intake == nullptr) intake = std::make_shared<Intake>(Counted<LocalCell>{&cell});
  return intake;
}

void Session::grant(Intake& intake) {
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended) return;
  grants_.push_back(intake.grant(node_.clock().now()));
  if (state_ == State::open) send_acknowledgement();
}

void Session::close_intake(std::uint64_t actor) {
  std::shared_ptr<Intake> ended;  // freed without the mutex
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = intakes_.find(actor); found != intakes_.end()) {
      ended = std::move(found->second);
      intakes_.erase(found);
    }
  }
  actor_gone(actor);
}

void Session::actor_gone(std::uint64_t actor) {
  const std::lock_guard lock{mutex_};
  if (grants_.empty() || grants_.back().actor != actor) grants_.push_back({actor, granted_for_ever, granted_for_ever});
}

void Session::acknowledge() {
  const std::lock_guard lock{mutex_};
  const bool news = received_.load(std::memory_order_relaxed) != acknowledged_;
  if (!news) {
    ack_wanted_ = false;
    unacknowledged_bytes_ = 0;
  }
  const bool due = !grants_.empty() || (news && (ack_wanted_ || unacknowledged_bytes_ >= lazy_ack_bytes));
  if (!due || state_ != State::open) return;
  if (between_hosts() && grants_.empty() && unacknowledged_bytes_ < bulk_bytes) {
    acknowledge_later();
    return;
  }
  ack_wanted_ = false;
  unacknowledged_bytes_ = 0;
  send_acknowledgement();
}

void Session::send_acknowledgement() {
  acknowledged_ = received_.load(std::memory_order_relaxed);
  if (grants_.empty()) {
    send_control(FrameKind::ack);
    return;
  }
  publish(make_frame_of(header(FrameKind::ack), grants_));
  grants_.clear();
}

}  // namespace troupe::detail
