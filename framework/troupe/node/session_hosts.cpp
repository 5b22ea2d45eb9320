// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a session does for other nodes' frames, and what it does between hosts.
#include <string>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

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

void Session::beat() {
  const TimePoint now = node_.clock().now();
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended || state_ == State::fresh) return;
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
    case Hearing::Verdict::dial_again:
      if (state_ != State::open) return;  // that is under way
      node_.unwatch_link(link_->descriptor());
      broken_since_ = now;
      dial();
      return;
    case Hearing::Verdict::lives:
      break;
  }
  if (state_ == State::open) send_acknowledgement();
}

}  // namespace troupe::detail
