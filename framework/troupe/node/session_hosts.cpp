// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a session does for other nodes' frames, and what it does between hosts.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/core.hpp>
#include <troupe/node/session.hpp>
#include <troupe/node/session_later.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {
constexpr auto answer_time = std::chrono::milliseconds{5};  // in which a frame that goes back may carry the acknowledgement
}  // namespace

bool Session::forward(Block wrapped, Acknowledged acknowledged) {
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended) return false;
  if (open_) seal();
  retain(std::move(wrapped), acknowledged == Acknowledged::soon);
  if (state_ == State::fresh) dial();
  return true;
}

bool Session::may_forward() const {
  const std::lock_guard lock{mutex_};
  return retained_bytes_ < window_.bytes();
}

// Of a few bytes: between hosts an acknowledgement of its own costs as much as what it acknowledges, and an answer often follows.
void Session::acknowledge_later() {
  if (std::exchange(acknowledges_later_, true)) return;
  if (acknowledgement_ == nullptr) acknowledgement_ = std::make_unique<Later>(*this, &Session::acknowledge_now);
  acknowledgement_->schedule(node_.clock().now() + answer_time);
}

void Session::acknowledge_now() {
  acknowledges_later_ = false;
  if (state_ == State::open && received_.load(std::memory_order_relaxed) != acknowledged_) send_acknowledgement();
}

// The connection, or the dial that is under way, stays until another one is open: on a line that loses much, it often goes on sooner
// than a new one is made; and there a handshake may take longer than it has time, so that of several one succeeds sooner.
void Session::dial_beside() {
  constexpr std::size_t most_dials = 4;
  if ((state_ != State::open && state_ != State::dialing) || beside_.size() == most_dials) return;
  if (state_ == State::open && node_.clock().now() - opened_at_ < suspicious_silence(node_.options())) return;  // a new one
  try {
    beside_.push_back(node_.transport().dial(node_.way_to(endpoint_)));
  } catch (const Error& error) {
    log(LogLevel::warning, "the host at " + endpoint_ + " cannot be dialled again: " + error.what());
    return;
  }
  node_.watch_link(shared_from_this(), beside_.back()->descriptor());
}

// Of the links that were dialled beside: whether one has become the connection.
bool Session::pump_beside() {
  std::vector<Link*> links;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& each : beside_) links.push_back(each.get());
  }
  for (Link* const link : links) {
    const LinkEvent event = link->pump();
    const std::lock_guard lock{mutex_};
    const auto found = std::find_if(beside_.begin(), beside_.end(), [&](const auto& each) { return each.get() == link; });
    if (event == LinkEvent::none || found == beside_.end()) continue;
    if (event == LinkEvent::ended) {
      node_.unwatch_link(link->descriptor());
      beside_.erase(found);
      continue;
    }
    take_beside(found);
    retire_beside();
    return true;
  }
  return false;
}

void Session::take_beside(std::vector<std::unique_ptr<Link>>::iterator chosen) {
  retire(link_);
  link_ = std::move(*chosen);
  beside_.erase(chosen);
  state_ = State::dialing;
  ++epoch_;
}

void Session::retire_beside() {
  for (auto& each : beside_) retire(each);
  beside_.clear();
}

void Session::on_unheard() {
  const std::lock_guard lock{mutex_};
  if (between_hosts()) dial_beside();
}

void Session::beat() {
  const TimePoint now = node_.clock().now();
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended) return;
  if (state_ == State::fresh) {
    hearing_ = Hearing{now};  // nobody has been asked yet
    return;
  }
  switch (hearing_.look(heard_.exchange(false, std::memory_order_relaxed), now, node_.options())) {
    case Hearing::Verdict::lost:
      node_.end_session_later(
          shared_from_this(),
          std::make_shared<const ErrorInfo>(make_error(
              ErrorType::node_lost, "the host at " + endpoint_ + " is unreachable: it was not heard for dead_after", Executed::unknown)));
      return;
    case Hearing::Verdict::suspect:
      log(LogLevel::warning, "the host at " + endpoint_ + " is silent");
      break;
    case Hearing::Verdict::lives:
      break;
  }
  if (state_ == State::open) send_acknowledgement();
  if (state_ == State::dialing || hearing_.suspected()) dial_beside();
}

}  // namespace troupe::detail
