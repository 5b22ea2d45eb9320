// troupe: actors in processes. Apache-2.0, see LICENSE.
// How an actor under a supervisor ends and begins again in its cell.
#include <utility>

#include <troupe/node/cell.hpp>
#include <troupe/node/cell_extras.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/supervision.hpp>

namespace troupe::detail {

/// Ends an actor for good, also while its cell is vacant.
class LocalCell::EndJob final : public Job {
 public:
  explicit EndJob(std::shared_ptr<const ErrorInfo> why) : why_{std::move(why)} {}
  void run(LocalCell& cell) override { cell.begin_last_end(std::move(why_)); }

 private:
  std::shared_ptr<const ErrorInfo> why_;
};

class LocalCell::RestartJob final : public Job {
 public:
  void run(LocalCell& cell) override { cell.begin_again(); }
};

void LocalCell::supervise(std::unique_ptr<Supervision> supervision) { extras().supervision = std::move(supervision); }

void LocalCell::end(std::shared_ptr<const ErrorInfo> why) { post_behind(std::make_unique<EndJob>(std::move(why))); }

void LocalCell::restart() {
  overtaking_.store(Overtaking::none);  // was meant for the actor before
  post(std::make_unique<RestartJob>());
}

bool LocalCell::may_begin_again() const noexcept {
  const Extras* extras = extras_if_any();
  return extras != nullptr && extras->supervision != nullptr && !extras->last;
}

std::uint32_t LocalCell::incarnation() const noexcept {
  const Extras* extras = extras_if_any();
  return extras == nullptr ? 0 : extras->incarnation.load(std::memory_order_relaxed);
}

void LocalCell::begin_last_end(std::shared_ptr<const ErrorInfo> why) {
  Extras& mine = extras();
  mine.last = true;
  mine.verdict = std::move(why);
  if (life_ == Life::vacant) {
    life_ = Life::ending;
  } else {
    begin_end(EndReason::normal);
  }
}

// The actor has ended, and its children have. @returns false: its cell ends too
bool LocalCell::vacate() {
  if (!may_begin_again()) return false;
  end_actor();
  life_ = Life::vacant;
  Extras& mine = extras();
  mine.incarnation.fetch_add(1, std::memory_order_relaxed);
  node().flush_slice();
  if (mine.supervision->vacant(reason_.load(std::memory_order_relaxed), mine.error)) return true;
  mine.last = true;
  life_ = Life::ending;
  return false;
}

void LocalCell::begin_again() {
  if (life_ != Life::vacant) return;
  Extras& mine = extras();
  life_ = Life::living;
  reason_.store(EndReason::normal, std::memory_order_release);
  mine.error = nullptr;
  try {
    actor_ = mine.supervision->construct();
    behaviour_.start(actor_);
  } catch (...) {
    fail(describe(std::current_exception()));
    return;
  }
  if (life_ == Life::living) mine.supervision->started();
}

// What comes meanwhile waits for the actor that is made anew.
bool LocalCell::hold_back(MailNode& message) {
  if (life_ == Life::living || !may_begin_again()) return false;
  if (message.kind() == MailNode::job && !static_cast<Job&>(message).for_actor()) return false;
  Extras& mine = extras();
  message.next = nullptr;
  (mine.last_held == nullptr ? mine.first_held : mine.last_held->next) = &message;
  mine.last_held = &message;
  return true;
}

MailNode* LocalCell::next_message() {
  Extras* mine = extras_if_any();
  if (mine == nullptr || mine->first_held == nullptr || (life_ != Life::living && may_begin_again())) return mailbox_.pop(taken_);
  MailNode* first = std::exchange(mine->first_held, mine->first_held->next);
  if (mine->first_held == nullptr) mine->last_held = nullptr;
  return first;
}

}  // namespace troupe::detail
