// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/interrupts.hpp"

#include <cerrno>
#include <system_error>

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace troupe::tools {

Interrupts::Interrupts() {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCONT}) ::sigaddset(&taken, signal);
  signals_ = detail::Descriptor{::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) throw std::system_error(errno, std::generic_category(), "watching for signals");
  ::sigaddset(&taken, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &taken, nullptr);
}

std::optional<Interrupts::Taken> Interrupts::take() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return Taken{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace troupe::tools
