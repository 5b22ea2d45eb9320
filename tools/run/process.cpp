// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/process.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::tools {

namespace {

// Above those that a child is given, so that no copy overwrites the source of the next.
constexpr int first_number = 10;

[[noreturn]] void fail(int error, const std::string& what) { throw std::system_error(error, std::generic_category(), what); }

Descriptor lifted(int number) {
  const Descriptor low{number};
  Descriptor high{::fcntl(low.get(), F_DUPFD_CLOEXEC, first_number)};
  if (!high) fail(errno, "no descriptor is left");
  return high;
}

}  // namespace

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "no pipe can be made");
  return {lifted(ends[0]), lifted(ends[1])};
}

void do_not_wait(const Descriptor& descriptor) { ::fcntl(descriptor.get(), F_SETFL, ::fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK); }

Descriptor start_program(const std::vector<std::string>& words, const Descriptors& descriptors, Interrupt interrupt) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const auto& [from, to] : descriptors) {
    if (from < 0) {
      ::posix_spawn_file_actions_addopen(&actions, to, "/dev/null", O_RDWR, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions, from, to);
    }
  }
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  if (interrupt == Interrupt::is_blocked) ::sigaddset(&blocked, SIGINT);
  ::posix_spawnattr_setsigmask(&attributes, &blocked);
  const int group = interrupt == Interrupt::passes_by ? POSIX_SPAWN_SETPGROUP : 0;
  ::posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | group));  // our mask holds back what Interrupts takes
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(error, words.front() + " cannot be started");
  Descriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!pidfd) fail(errno, words.front() + " cannot be watched");
  return pidfd;
}

}  // namespace troupe::tools
