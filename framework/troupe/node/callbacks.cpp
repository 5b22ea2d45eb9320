// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/callbacks.hpp>

#include <pthread.h>

#include <exception>
#include <string>
#include <utility>

#include <troupe/node/signals.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {

void call(const std::function<void()>& work) {
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
      if (!thread_.joinable())
        thread_ = quiet_thread([this] {
          ::pthread_setname_np(::pthread_self(), "troupe-callback");
          run();
        });
      work_.notify_one();
      return;
    }
  }
  call(work);
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
  call(work);
  return true;
}

bool CallbackThread::is_current() const {
  const std::lock_guard lock{mutex_};
  return thread_.joinable() && thread_.get_id() == std::this_thread::get_id();
}

void CallbackThread::stop() {
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
