// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/callbacks.hpp>

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/parker.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {

void call_logged(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {
    log(LogLevel::error, "a callback of a future threw: " + chain_text(*describe(std::current_exception())));
  }
}

}  // namespace

void CallbackThread::post(std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    if (!stopped_) {
      posted_.push_back(std::move(work));
      if (waits_) return waits_();
      if (!thread_.joinable())
        thread_ = quiet_thread([this] {
          ::pthread_setname_np(::pthread_self(), "troupe-callback");
          run();
        });
      work_.notify_one();
      if (waiting_ != nullptr) waiting_->wake();
      return;
    }
  }
  call_logged(work);
}

void CallbackThread::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    work_.wait(lock, [this] { return stopped_ || !posted_.empty(); });
    if (posted_.empty()) return;
    lock.unlock();
    run_one();
    lock.lock();
  }
}

bool CallbackThread::run_one() {
  std::function<void()> work;
  {
    const std::lock_guard lock{mutex_};
    if (posted_.empty()) return false;
    work = std::move(posted_.front());
    posted_.pop_front();
  }
  ++running_;
  call_logged(work);
  --running_;
  return true;
}

bool CallbackThread::wait(FutureState& state, TimePoint until) {
  if (std::find(under_way_.begin(), under_way_.end(), &state) != under_way_.end())
    throw Misuse{"a callback waits for the future that it was called for, which is ready only when the callback has returned"};
  if (waits_) return state.node().loop().wait(state, until);
  Parker& parker = Parker::current();
  FutureState::Waiter waiter{&parker};
  if (!state.add_waiter(waiter)) return true;
  const auto say = [this](Parker* waits) {
    const std::lock_guard lock{mutex_};
    return std::exchange(waiting_, waits);
  };
  Parker* const before = say(&parker);
  while (!state.settled() && (until == TimePoint::max() || state.node().clock().now() < until))
    if (!run_one()) parker.sleep(until);
  say(before);
  state.remove_waiter(waiter);
  return state.settled();
}

void CallbackThread::call(FutureState& state, std::unique_ptr<Continuation> callbacks) {
  under_way_.push_back(&state);
  while (callbacks != nullptr) {
    std::unique_ptr<Continuation> first = std::move(callbacks);
    callbacks = first->take_next();
    Continuation& that = *first;
    if (that.holds_back()) {
      call_logged([&] { that.call(state); });
    } else {
      that.settled(std::move(first), state);
    }
  }
  under_way_.pop_back();
}

bool CallbackThread::is_current() const {
  if (waits_) return running_ != 0;
  const std::lock_guard lock{mutex_};
  return thread_.joinable() && thread_.get_id() == std::this_thread::get_id();
}

void CallbackThread::stop() {
  while (waits_ && run_one()) {
  }
  std::thread thread;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    thread = std::move(thread_);
  }
  work_.notify_one();
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
  } else {
    thread.join();
  }
}

}  // namespace troupe::detail
