// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/executor.hpp>

#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/node/tries.hpp>

namespace troupe::detail {

namespace {
constexpr unsigned slice_turns = 1000;  // before others get the thread
constexpr unsigned max_slot_runs = 64;  // two actors that only wake each other do not keep a thread for ever
}  // namespace

ThreadExecutor::ThreadExecutor(ExecutorOptions options, std::function<void()> watch) : options_{options}, watch_{std::move(watch)} {}

ThreadExecutor::~ThreadExecutor() { ThreadExecutor::stop(); }

void ThreadExecutor::stop() {
  std::vector<std::unique_ptr<Worker>> workers;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    workers.swap(workers_);
  }
  work_.notify_all();
  for (auto& worker : workers)
    if (worker->thread.joinable()) worker->thread.join();
}

void ThreadExecutor::schedule(LocalCell& cell) {
  auto* worker = static_cast<Worker*>(context().worker);
  if (worker != nullptr && worker->waits == 0 && &worker->executor == this) {
    LocalCell* before = worker->slot.exchange(&cell, std::memory_order_acq_rel);
    if (!watched_.load(std::memory_order_relaxed) && !watched_.exchange(true)) watch_();
    if (before == nullptr) return;
    push(*before);
    return;
  }
  push(cell);
}

// One that was woken.
void ThreadExecutor::push(LocalCell& cell) {
  cell.mark_waiting();
  line_up(cell);
}

void ThreadExecutor::line_up(LocalCell& cell) {
  std::unique_lock lock{mutex_};
  cell.run_next = nullptr;
  (last_ == nullptr ? first_ : last_->run_next) = &cell;
  last_ = &cell;
  queued_.store(queued_.load(std::memory_order_relaxed) + 1);
  need_thread(lock);
}

// There is work for one more thread: wakes or starts one, if fewer than `threads` are at work.
void ThreadExecutor::need_thread(std::unique_lock<std::mutex>& lock) {
  // One that is on its way will look, and wake the next.
  if (waking_ > 0 || searching_.load() > 0 || stopped_) return;
  if (idle_ > 0) {
    if (workers_.size() - idle_ - blocked_ >= options_.threads) return;
    ++waking_;
    lock.unlock();
    work_.notify_one();
    return;
  }
  if (workers_.size() - blocked_ >= options_.threads) return;
  ++waking_;
  auto worker = std::make_unique<Worker>(*this);
  Worker& started = *worker;
  workers_.push_back(std::move(worker));
  ++idle_;
  started.thread = quiet_thread([this, &started] { run(started); });
}

LocalCell* ThreadExecutor::next(Worker& worker) {
  if (worker.slot_runs < max_slot_runs) {
    if (LocalCell* cell = worker.slot.exchange(nullptr, std::memory_order_acq_rel)) {
      ++worker.slot_runs;
      return cell;
    }
  }
  worker.slot_runs = 0;
  if (queued_.load(std::memory_order_relaxed) != 0) {
    std::unique_lock lock{mutex_};
    if (first_ != nullptr) {
      LocalCell* cell = first_;
      first_ = cell->run_next;
      if (first_ == nullptr) last_ = nullptr;
      queued_.store(queued_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      if (first_ != nullptr) need_thread(lock);
      return cell;
    }
  }
  return worker.slot.exchange(nullptr, std::memory_order_acq_rel);
}

void ThreadExecutor::run(Worker& worker) {
  context().worker = &worker;
  bool fresh = true;
  Tries tries;
  for (;;) {
    LocalCell* cell = fresh ? nullptr : next(worker);
    if (cell == nullptr && !fresh) {
      // Work often comes right behind: a few looks are cheaper than to sleep and be woken.
      tries.begin();
      searching_.fetch_add(1);
      while (cell == nullptr && tries.again()) cell = next(worker);
      searching_.fetch_sub(1);
      if (cell != nullptr && queued_.load() != 0) {  // what came meanwhile was left to us, and we are busy now
        std::unique_lock lock{mutex_};
        if (first_ != nullptr) need_thread(lock);
      }
    }
    if (cell == nullptr) {
      std::unique_lock lock{mutex_};
      if (!fresh) ++idle_;
      for (bool woken = std::exchange(fresh, false);; woken = true) {
        if (woken && waking_ > 0) --waking_;
        if (stopped_ || (first_ != nullptr && workers_.size() - idle_ - blocked_ < options_.threads)) break;
        work_.wait(lock);
      }
      --idle_;
      if (stopped_) return;
      continue;
    }
    worker.turns.store(worker.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    switch (cell->run(slice_turns)) {
      case LocalCell::Run::more:
        line_up(*cell);
        break;
      case LocalCell::Run::ended:
        cell->drop();
        break;
      case LocalCell::Run::idle:
        break;
    }
  }
}

void ThreadExecutor::begin_blocking() {
  auto* worker = static_cast<Worker*>(context().worker);
  if (worker == nullptr) return;
  if (&worker->executor != this) return worker->executor.begin_blocking();  // waits at another node: its own lends the thread
  LocalCell* waiting = worker->slot.exchange(nullptr, std::memory_order_acq_rel);
  std::unique_lock lock{mutex_};
  if (blocked_ >= options_.max_blocked) {
    lock.unlock();
    if (waiting != nullptr) push(*waiting);
    throw Misuse{"64 handlers wait at the same time: let a handler co_await, or answer later, instead of blocking"};
  }
  ++blocked_;
  ++worker->waits;
  if (waiting != nullptr) {
    lock.unlock();
    push(*waiting);
  } else if (first_ != nullptr) {
    need_thread(lock);
  }
}

void ThreadExecutor::end_blocking() noexcept {
  auto* worker = static_cast<Worker*>(context().worker);
  if (worker == nullptr) return;
  if (&worker->executor != this) return worker->executor.end_blocking();
  const std::lock_guard lock{mutex_};
  --blocked_;
  --worker->waits;
}

ExecutorUse ThreadExecutor::use() const {
  const std::lock_guard lock{mutex_};
  return {options_.threads, blocked_};
}

bool ThreadExecutor::look_for_stuck() {
  std::vector<LocalCell*> stuck;
  bool busy = false;
  {
    const std::lock_guard lock{mutex_};
    for (auto& worker : workers_) {
      const auto turns = worker->turns.load(std::memory_order_relaxed);
      if (turns == worker->turns_seen) {
        if (LocalCell* cell = worker->slot.exchange(nullptr, std::memory_order_acq_rel)) stuck.push_back(cell);
      } else {
        busy = true;
      }
      worker->turns_seen = turns;
    }
    if (!busy && stuck.empty()) watched_.store(false);
  }
  for (LocalCell* cell : stuck) push(*cell);
  if (busy || !stuck.empty()) return true;
  // Somebody may have filled a slot after we looked and before `watched_` was cleared.
  const std::lock_guard lock{mutex_};
  for (auto& worker : workers_)
    if (worker->slot.load() != nullptr && !watched_.exchange(true)) return true;
  return watched_.load();
}

}  // namespace troupe::detail
