// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/timer.hpp>

#include <algorithm>
#include <atomic>

#include <troupe/node/core.hpp>
#include <troupe/node/timer.hpp>

namespace troupe::detail {

/// Fires on the node's thread, and puts a job into the mailbox: ticks do not wait for room, and do not pile up, since the next
/// one is scheduled when this one's turn has come.
class ActorTimer final : public Timer, public Attachment, public std::enable_shared_from_this<ActorTimer> {
 public:
  ActorTimer(LocalCell& cell, Duration period, std::unique_ptr<LaterMessage> message)
      : cell_{&cell}, period_{period}, message_{std::move(message)} {}

  void schedule(TimePoint when) {
    due_ = when;
    keep_ = shared_from_this();
    cell_->node().timers().schedule(*this, when);
  }

  void fire() override {
    const auto self = std::exchange(keep_, nullptr);
    cell_->post(std::make_unique<Tick>(self));
  }

  void cancel() {
    cancelled_ = true;
    if (cell_->node().timers().cancel(*this)) keep_ = nullptr;
    cell_->detach(*this);
  }

  void actor_ends() noexcept override {
    cancelled_ = true;
    if (cell_->node().timers().cancel(*this)) keep_ = nullptr;
  }

 private:
  class Tick final : public Job {
   public:
    explicit Tick(std::shared_ptr<ActorTimer> timer) : timer_{std::move(timer)} {}
    void run(LocalCell& cell) override { timer_->tick(cell); }

   private:
    const std::shared_ptr<ActorTimer> timer_;
  };

  void tick(LocalCell& cell) {
    if (cancelled_ || cell.ending()) return;
    if (period_ > Duration::zero()) {
      // Keeps to its beat; beats that were missed are left out.
      const TimePoint now = cell.node().clock().now();
      const auto missed = std::max<Duration::rep>((now - due_) / period_, 0);
      schedule(due_ + (missed + 1) * period_);
    } else {
      cell.detach(*this);
    }
    message_->handle_by(cell.actor(), Turn{cell, nullptr, nullptr, 0, nullptr});
  }

  const Counted<LocalCell> cell_;
  const Duration period_;
  const std::unique_ptr<LaterMessage> message_;
  TimePoint due_{};
  bool cancelled_ = false;
  std::shared_ptr<ActorTimer> keep_;  // while scheduled
};

std::shared_ptr<ActorTimer> start_timer(LocalCell& cell, Duration delay, Duration period, std::unique_ptr<LaterMessage> message) {
  auto timer = std::make_shared<ActorTimer>(cell, period, std::move(message));
  cell.attach(timer);
  timer->schedule(after(cell.node().clock().now(), delay));
  return timer;
}

void cancel_timer(ActorTimer& timer) { timer.cancel(); }

}  // namespace troupe::detail
