// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/signals.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>

namespace troupe::detail {

namespace {

constexpr std::array<int, 2> watched{SIGINT, SIGTERM};

// What the handler and at most one watch share. The pipe is opened once and never closed: a handler may still be on its way to it
// in another thread when the watch ends.
std::atomic<bool> taken{false};
std::atomic<int> pipe_in{-1};
int pipe_out = -1;
std::array<struct sigaction, watched.size()> before;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void troupe_note_signal(int signal) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(signal);
  [[maybe_unused]] const auto written = ::write(pipe_in.load(std::memory_order_relaxed), &byte, 1);  // full: enough are known
  errno = saved;
}

extern "C" void troupe_disregard_signal(int) {}

}  // namespace

SignalWatch::SignalWatch() {
  if (taken.exchange(true)) return;
  if (pipe_in.load() < 0) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      const int error = errno;
      taken = false;
      throw std::system_error(error, std::generic_category(), "watching SIGINT and SIGTERM");
    }
    pipe_out = ends[0];
    pipe_in = ends[1];
  }
  active_ = true;
  while (take()) {
  }
  for (std::size_t i = 0; i < watched.size(); ++i) {
    ::sigaction(watched[i], nullptr, &before[i]);
    if ((before[i].sa_flags & SA_SIGINFO) == 0 && before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = troupe_note_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(watched[i], &action, nullptr);
  }
}

SignalWatch::~SignalWatch() {
  if (!active_) return;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    struct sigaction now {};
    ::sigaction(watched[i], nullptr, &now);
    const bool still_ours = (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == troupe_note_signal;
    if (still_ours) ::sigaction(watched[i], &before[i], nullptr);
  }
  taken = false;
}

int SignalWatch::descriptor() const noexcept { return active_ ? pipe_out : -1; }

std::optional<int> SignalWatch::take() noexcept {  // NOLINT(readability-make-member-function-const): it empties the pipe
  unsigned char signal = 0;
  if (!active_ || ::read(pipe_out, &signal, 1) != 1) return std::nullopt;
  return signal;
}

void raise_default(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
}

void disregard_interrupt() {
  struct sigaction action {};
  action.sa_handler = troupe_disregard_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

std::thread quiet_thread(std::function<void()> body) {
  sigset_t all;
  sigset_t before_start;
  ::sigfillset(&all);
  // What the processor raises must stay deliverable: blocked, it would end the program without a handler of asan or of the user's.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_start);  // inherited from the first instruction on
  struct Restore {
    const sigset_t& mask;
    ~Restore() { ::pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } restore{before_start};
  return std::thread{std::move(body)};
}

}  // namespace troupe::detail
