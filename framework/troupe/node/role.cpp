// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/role.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/wire/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace troupe::detail {

namespace {

// Between two processes of one host, at the beginning of the role's file. The digits are its version.
struct Preamble {
  std::array<char, 8> magic{'t', 'r', 'o', 'u', 'p', 'e', '0', '1'};
  std::int32_t parent_pid = 0;
  std::int32_t depth = 0;
  std::uint64_t name_bytes = 0;
  std::uint64_t role_bytes = 0;
};

// Written once, by take_role, before other threads run.
int depth_of_this_process = 0;

bool write_all(int descriptor, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const auto done = ::write(descriptor, at, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

bool read_all(int descriptor, void* bytes, std::size_t size, std::size_t offset) {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    const auto done = ::pread(descriptor, at, size, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    offset += static_cast<std::size_t>(done);
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

Role read_role(const Descriptor& file) {
  constexpr const char* unreadable = "TROUPE_ROLE is set, but not by a parent of this version of troupe; unset it";
  Preamble preamble;
  const auto magic = preamble.magic;
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < static_cast<off_t>(sizeof preamble) || !read_all(file.get(), &preamble, sizeof preamble, 0) || preamble.magic != magic)
    raise(ErrorType::malformed, unreadable);
  const auto body = static_cast<std::uint64_t>(size) - sizeof preamble;
  if (preamble.name_bytes > body || preamble.role_bytes != body - preamble.name_bytes) raise(ErrorType::malformed, unreadable);
  Role role;
  role.parent_pid = preamble.parent_pid;
  role.depth = preamble.depth;
  role.name.resize(preamble.name_bytes);
  role.bytes.resize(preamble.role_bytes);
  if (!read_all(file.get(), role.name.data(), role.name.size(), sizeof preamble) ||
      !read_all(file.get(), role.bytes.data(), role.bytes.size(), sizeof preamble + role.name.size()))
    raise(ErrorType::malformed, unreadable);
  return role;
}

bool hung_up(const Descriptor& pipe) {
  pollfd state{pipe.get(), POLLIN, 0};
  return ::poll(&state, 1, 0) > 0;
}

void die_with_parent(const Role& role) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == role.parent_pid) return;  // asked after the prctl: it cannot die unnoticed in between
  if (hung_up(role.parent)) ::_exit(1);
  ::prctl(PR_SET_PDEATHSIG, 0);
  raise(ErrorType::misuse, "TROUPE_ROLE was meant for another process: process " + std::to_string(role.parent_pid) +
                               " started a program that did not take its role but started this one; call troupe::Node node{argc, argv} "
                               "first in main of the program that it starts");
}

// The kernel names a process that executes /proc/self/exe "exe", which nobody finds in a list of processes.
void take_program_name() {
  std::array<char, 16> name{};
  ::prctl(PR_GET_NAME, name.data());
  if (std::strcmp(name.data(), "exe") == 0) ::prctl(PR_SET_NAME, program_invocation_short_name);
}

void wait_for_debugger(const std::string& name) {
  const char* wanted = std::getenv("TROUPE_WAIT_CHILD");
  if (wanted == nullptr || name != wanted) return;
  ::dprintf(STDERR_FILENO, "troupe: %s is process %d and waits for a debugger (or kill -CONT %d)\n", name.c_str(), ::getpid(), ::getpid());
  ::raise(SIGSTOP);
}

}  // namespace

std::optional<Role> take_role() {
  const char* variable = std::getenv(role_variable);
  if (variable == nullptr) return std::nullopt;
  const bool ours = std::strcmp(variable, role_value) == 0;
  ::unsetenv(role_variable);
  if (!ours || ::fcntl(role_descriptor, F_GETFD) < 0 || ::fcntl(parent_descriptor, F_SETFD, FD_CLOEXEC) < 0)
    raise(ErrorType::malformed, "TROUPE_ROLE is set, but not by a parent that started this process; unset it");

  Descriptor parent{parent_descriptor};
  Role role = read_role(Descriptor{role_descriptor});
  role.parent = std::move(parent);
  die_with_parent(role);
  disregard_interrupt();
  take_program_name();
  depth_of_this_process = role.depth;
  wait_for_debugger(role.name);
  return role;
}

bool role_pending() noexcept { return std::getenv(role_variable) != nullptr; }

int process_depth() noexcept { return depth_of_this_process; }

Descriptor write_role(std::span<const std::byte> bytes, const std::string& name, int depth) {
  Preamble preamble;
  preamble.parent_pid = ::getpid();
  preamble.depth = depth;
  preamble.name_bytes = name.size();
  preamble.role_bytes = bytes.size();
  Descriptor file{::memfd_create("troupe-role", MFD_CLOEXEC)};
  if (!file || !write_all(file.get(), &preamble, sizeof preamble) || !write_all(file.get(), name.data(), name.size()) ||
      !write_all(file.get(), bytes.data(), bytes.size()))
    raise(ErrorType::full, "the role of " + name + " could not be written: " + std::generic_category().message(errno));
  return file;
}

}  // namespace troupe::detail
