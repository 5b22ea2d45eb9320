// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/thread_loop.hpp>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/node/tries.hpp>

namespace troupe::detail {

namespace {

constexpr unsigned node_slice = 1000;             // turns before the inbox is looked at again
constexpr long standby_nanoseconds = 20'000'000;  // a handler may keep the node's thread for that long

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
  return descriptor;
}

void control(int epoll, int operation, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  ::epoll_ctl(epoll, operation, descriptor, &event);
}

}  // namespace

ThreadLoop::ThreadLoop(LoopClient& client, Timers& timers, const Clock& clock)
    : client_{client},
      timers_{timers},
      clock_{clock},
      epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "troupe: epoll_create1")},
      bell_{checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "troupe: eventfd")},
      standby_timer_{checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "troupe: timerfd_create")} {
  control(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), EPOLLIN);
}

ThreadLoop::~ThreadLoop() { ThreadLoop::stop(); }

void ThreadLoop::set_inbox(int descriptor) {
  inbox_ = descriptor;
  control(epoll_.get(), EPOLL_CTL_ADD, inbox_, EPOLLIN);
}

void ThreadLoop::watch(int descriptor, std::function<void()> ready) {
  {
    const std::lock_guard lock{watched_mutex_};
    watched_[descriptor] = std::make_shared<std::function<void()>>(std::move(ready));
  }
  control(epoll_.get(), EPOLL_CTL_ADD, descriptor, EPOLLIN);
}

void ThreadLoop::unwatch(int descriptor) {
  control(epoll_.get(), EPOLL_CTL_DEL, descriptor, 0);
  const std::lock_guard lock{watched_mutex_};
  watched_.erase(descriptor);
}

void ThreadLoop::wake() noexcept {
  const std::uint64_t one = 1;
  while (::write(bell_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

// --- The lead -----------------------------------------------------------------------------------------------------------

// Somebody who waits takes the lead that we have just left.
void ThreadLoop::hand_over() {
  if (following_.load() == 0) return;
  const std::lock_guard lock{followers_mutex_};
  if (!followers_.empty()) followers_.front()->wake();
}

bool ThreadLoop::lead_once() {
  std::unique_lock lead{lead_, std::try_to_lock};
  if (!lead.owns_lock()) return false;
  const bool came = client_.drain();
  lead.unlock();
  hand_over();
  return came;
}

void ThreadLoop::acknowledge() {
  std::unique_lock lead{lead_, std::try_to_lock};
  if (!lead.owns_lock()) return;  // who leads will do it
  client_.acknowledge();
  lead.unlock();
  hand_over();
}

// Holds the lead. @returns whether `state` is settled
bool ThreadLoop::lead_for(FutureState& state, TimePoint until) {
  control(epoll_.get(), EPOLL_CTL_MOD, inbox_, 0);
  static thread_local Tries tries;
  tries.begin();
  while (!state.settled()) {
    const bool came = client_.drain();
    client_.acknowledge();
    if (came) {
      client_.flush_thread();  // what could not be delivered is answered now, not when this wait ends
      tries.begin();
      continue;
    }
    if (state.settled()) break;
    if (tries.again()) continue;
    if (until != TimePoint::max() && clock_.now() >= until) break;
    Parker::current().sleep_polling(inbox_, until);
  }
  client_.acknowledge();  // for who read before us and found the lead taken
  control(epoll_.get(), EPOLL_CTL_MOD, inbox_, EPOLLIN);
  return state.settled();
}

bool ThreadLoop::wait(FutureState& state, TimePoint until) {
  Parker& parker = Parker::current();
  FutureState::Waiter waiter{&parker};
  if (!state.add_waiter(waiter)) return true;
  while (!state.settled() && (until == TimePoint::max() || clock_.now() < until)) {
    if (!lead_.try_lock()) {
      following_.fetch_add(1);
      {
        const std::lock_guard lock{followers_mutex_};
        followers_.push_back(&parker);
      }
      bool leads = lead_.try_lock();  // it may have been left before we stood in the list
      if (!leads && !state.settled()) {
        parker.sleep(until);
        leads = lead_.try_lock();
      }
      {
        const std::lock_guard lock{followers_mutex_};
        std::erase(followers_, &parker);
      }
      following_.fetch_sub(1);
      if (!leads) continue;
    }
    lead_for(state, until);
    lead_.unlock();
    hand_over();
  }
  state.remove_waiter(waiter);
  return state.settled();
}

// --- The node's thread ----------------------------------------------------------------------------------------------------

void ThreadLoop::start_thread() {
  stopping_.store(false);
  thread_ = quiet_thread([this] {
    ::pthread_setname_np(::pthread_self(), "troupe-node");
    run({});
  });
}

void ThreadLoop::stop() {
  stopping_.store(true);
  wake();
  if (thread_.joinable()) thread_.join();
  standby_stop_.store(true);
  if (standby_.joinable()) {
    const itimerspec now{{0, 0}, {0, 1}};
    ::timerfd_settime(standby_timer_.get(), 0, &now, nullptr);
    standby_.join();
  }
}

void ThreadLoop::handle_events(int timeout) {
  std::array<epoll_event, 32> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
    if (descriptor == bell_.get()) {
      std::uint64_t rings = 0;
      while (::read(bell_.get(), &rings, sizeof rings) < 0 && errno == EINTR) {
      }
      continue;
    }
    if (descriptor == inbox_) continue;
    std::shared_ptr<std::function<void()>> ready;
    {
      const std::lock_guard lock{watched_mutex_};
      const auto found = watched_.find(descriptor);
      if (found != watched_.end()) ready = found->second;
    }
    if (ready != nullptr) (*ready)();
  }
}

// Runs turns, while which the standby thread may take over the events.
template <class Turns>
void ThreadLoop::away(std::unique_lock<std::mutex>& events, Turns turns) {
  events.unlock();
  arm_standby();
  in_turns_.store(true);
  turns();
  in_turns_.store(false);
  if (events.try_lock()) return;
  back_.store(true);
  wake();
  events.lock();
  back_.store(false);
}

void ThreadLoop::run(const std::function<void()>& first) {
  thread_id_.store(std::this_thread::get_id());
  context().node_thread = true;
  Tries tries;
  std::unique_lock events{events_};
  std::exception_ptr failure;
  const auto run_first = [&] {
    try {
      first();
    } catch (...) {
      failure = std::current_exception();
      leave();
    }
  };
  if (first) away(events, run_first);
  while (!stopping_.load()) {
    const bool came = lead_once();
    client_.settle();
    bool turned = false;
    if (cells_waiting_.load(std::memory_order_acquire)) {
      away(events, [&] { turned = run_turns(); });
    }
    client_.flush_thread();
    acknowledge();  // behind the turns: their answers carry it, and nothing else keeps a message from its handler
    if (came || turned) {
      tries.begin();
      continue;
    }
    if (tries.again()) continue;
    const TimePoint next = timers_.advance();
    client_.flush_thread();
    sleeping_.store(true);
    const bool look_again = cells_waiting_.load() || stopping_.load();
    handle_events(look_again ? 0 : poll_timeout(clock_.now(), next));
    sleeping_.store(false);
  }
  context().node_thread = false;
  thread_id_.store(std::thread::id{});
  if (failure != nullptr) std::rethrow_exception(failure);
}

void ThreadLoop::schedule(LocalCell& cell) {
  {
    const std::lock_guard lock{cells_mutex_};
    cell.run_next = nullptr;
    (last_cell_ == nullptr ? first_cell_ : last_cell_->run_next) = &cell;
    last_cell_ = &cell;
    cells_waiting_.store(true);
  }
  if (!on_thread() && sleeping_.load()) wake();
}

bool ThreadLoop::run_turns() {
  LocalCell* cell = nullptr;
  {
    const std::lock_guard lock{cells_mutex_};
    cell = std::exchange(first_cell_, nullptr);
    last_cell_ = nullptr;
    cells_waiting_.store(false);
  }
  const bool turned = cell != nullptr;
  while (cell != nullptr) {
    LocalCell* next = cell->run_next;
    turns_.fetch_add(1, std::memory_order_relaxed);
    switch (cell->run(node_slice)) {
      case LocalCell::Run::more:
        schedule(*cell);
        break;
      case LocalCell::Run::ended:
        cell->drop();
        break;
      case LocalCell::Run::idle:
        break;
    }
    cell = next;
  }
  return turned;
}

// --- The standby thread ---------------------------------------------------------------------------------------------------

void ThreadLoop::watch_turns() { arm_standby(); }

void ThreadLoop::arm_standby() {
  if (standby_armed_.load(std::memory_order_relaxed) || standby_armed_.exchange(true)) return;
  {
    const std::lock_guard lock{standby_mutex_};
    if (!standby_.joinable() && !standby_stop_.load())
      standby_ = quiet_thread([this] {
        ::pthread_setname_np(::pthread_self(), "troupe-standby");
        stand_by();
      });
  }
  const itimerspec soon{{0, 0}, {0, standby_nanoseconds}};
  ::timerfd_settime(standby_timer_.get(), 0, &soon, nullptr);
}

void ThreadLoop::stand_by() {
  while (!standby_stop_.load()) {
    std::uint64_t expirations = 0;
    if (::read(standby_timer_.get(), &expirations, sizeof expirations) < 0) continue;
    if (standby_stop_.load()) return;
    standby_armed_.store(false);  // before we look: who finds work right after that must be able to arm it again
    const std::uint64_t turns = turns_.load(std::memory_order_relaxed);
    const bool stuck = in_turns_.load() && turns == turns_seen_;
    const bool moved = turns != turns_seen_;
    turns_seen_ = turns;
    const bool watch = client_.look_for_stuck();
    if (stuck) stand_in();
    if (watch || moved || in_turns_.load()) arm_standby();
  }
}

// Does what the node's thread would do, turns excepted, until that has come back from its handler.
void ThreadLoop::stand_in() {
  const std::unique_lock events{events_, std::try_to_lock};
  if (!events.owns_lock()) return;
  const std::uint64_t turns = turns_.load();
  while (!back_.load() && in_turns_.load() && turns_.load() == turns && !standby_stop_.load()) {
    lead_once();
    acknowledge();
    client_.settle();
    client_.flush_thread();
    const TimePoint now = clock_.now();
    handle_events(poll_timeout(now, std::min(timers_.advance(), now + std::chrono::milliseconds{20})));
  }
}

}  // namespace troupe::detail
