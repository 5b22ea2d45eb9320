// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/task.hpp>

#include <atomic>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {
std::atomic<std::size_t> living_tasks{0};

std::uint64_t next_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}
}  // namespace

std::size_t running_tasks() noexcept { return living_tasks.load(); }

/// Code of the handler runs.
class RunningTask::Scope {
 public:
  explicit Scope(const RunningTask& task) noexcept : before_{std::exchange(context().task, task.number_)} {}
  ~Scope() { context().task = before_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const std::uint64_t before_;
};

/// In the mailbox of the actor: goes on with a frame.
class RunningTask::Resumption final : public Job {
 public:
  Resumption(std::shared_ptr<RunningTask> task, std::coroutine_handle<> suspended) : task_{std::move(task)}, frame_{suspended} {}
  void run(LocalCell&) override { task_->resume(frame_); }

 private:
  const std::shared_ptr<RunningTask> task_;
  const std::coroutine_handle<> frame_;
};

/// At a future: posts the resumption.
class RunningTask::Await final : public Continuation {
 public:
  Await(std::shared_ptr<RunningTask> task, std::coroutine_handle<> frame) : cell_{&task->cell_}, task_{std::move(task)}, frame_{frame} {}
  void settled(std::unique_ptr<Continuation>, FutureState&) override { cell_->post(std::make_unique<Resumption>(task_, frame_)); }
  void call(FutureState&) override {}

 private:
  const Counted<LocalCell> cell_;  // the actor may have ended, and its cell with the last ref
  const std::shared_ptr<RunningTask> task_;
  const std::coroutine_handle<> frame_;
};

/// At the clock: posts the resumption.
class RunningTask::Pause final : public Timer, public std::enable_shared_from_this<Pause> {
 public:
  Pause(std::shared_ptr<RunningTask> task, std::coroutine_handle<> frame) : cell_{&task->cell_}, task_{std::move(task)}, frame_{frame} {}
  void start(TimePoint when) {
    keep_ = shared_from_this();
    cell_->node().timers().schedule(*this, when);
  }
  void cancel() {
    if (cell_->node().timers().cancel(*this)) keep_ = nullptr;
  }
  void fire() override {
    const auto self = std::exchange(keep_, nullptr);
    cell_->post(std::make_unique<Resumption>(task_, frame_));
  }

 private:
  const Counted<LocalCell> cell_;
  const std::shared_ptr<RunningTask> task_;
  const std::coroutine_handle<> frame_;
  std::shared_ptr<Pause> keep_;  // while scheduled
};

RunningTask::RunningTask(const Turn& turn)
    : cell_{turn.cell}, asker_{turn.asker}, session_{turn.session}, ask_id_{turn.ask_id}, number_{next_number()} {
  living_tasks.fetch_add(1);
}

RunningTask::~RunningTask() {
  destroy_frame();
  living_tasks.fetch_sub(1);
}

void RunningTask::destroy_frame() noexcept {
  if (!frame_) return;
  const Scope scope{*this};
  std::exchange(frame_, nullptr).destroy();
}

void RunningTask::start(std::coroutine_handle<> frame) {
  frame_ = frame;
  {
    const Scope scope{*this};
    frame_.resume();
  }
  if (frame_.done()) {
    finish();
  } else {
    cell_.attach(shared_from_this());
  }
}

void RunningTask::resume(std::coroutine_handle<> frame) {
  if (!frame_) return;  // the actor has ended
  pause_ = nullptr;
  {
    const Scope scope{*this};
    frame.resume();
  }
  if (!frame_.done()) return;
  const auto keep = shared_from_this();
  cell_.detach(*this);
  finish();
}

void RunningTask::finish() {
  const Turn turn{cell_, asker_.get(), session_, ask_id_, nullptr};
  try {
    answer(turn);
  } catch (...) {
    const auto thrown = describe(std::current_exception());
    if (turn.asked()) {
      turn.fail(thrown);
    } else {
      cell_.fail(thrown);
    }
  }
  destroy_frame();
}

void RunningTask::actor_ends() noexcept {
  if (const auto pause = std::exchange(pause_, nullptr)) pause->cancel();
  destroy_frame();
  const Turn turn{cell_, asker_.get(), session_, ask_id_, nullptr};
  if (!turn.asked()) return;
  ErrorInfo error = cell_.end_error();
  error.executed = Executed::unknown;  // it had begun
  turn.fail(std::make_shared<const ErrorInfo>(std::move(error)));
}

void RunningTask::resume_when(FutureState& state, std::coroutine_handle<> frame) {
  state.attach(std::make_unique<Await>(shared_from_this(), frame));
}

void RunningTask::resume_after(Duration pause, std::coroutine_handle<> frame) {
  pause_ = std::make_shared<Pause>(shared_from_this(), frame);
  pause_->start(after(cell_.node().clock().now(), pause));
}

}  // namespace troupe::detail
