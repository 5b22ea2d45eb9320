// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/launcher.hpp>
#include <troupe/node/role.hpp>
#include <troupe/node/signals.hpp>
#include <troupe/wire/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace troupe::detail {

namespace {

constexpr int first_free_descriptor = parent_descriptor + 1;
constexpr const char* own_program = "/proc/self/exe";

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void raise_full(const ChildSpec& spec, int error) {
  raise(ErrorType::full, "no process could be started for " + spec.name + ": " + reason(error));
}

// What a child gets as 0 to 4 is copied there from numbers above: a source in that range would be overwritten by an earlier copy. And
// where stdin, stdout or stderr are closed, nothing of ours must take their numbers. None, with errno, if there is no number left.
Descriptor lifted(Descriptor descriptor) {
  if (!descriptor || descriptor.get() >= first_free_descriptor) return descriptor;
  return Descriptor{::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, first_free_descriptor)};
}

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe(const ChildSpec& spec) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) raise_full(spec, errno);
  Pipe pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
  pipe.read = lifted(std::move(pipe.read));
  pipe.write = lifted(std::move(pipe.write));
  if (!pipe.read || !pipe.write) raise_full(spec, errno);
  return pipe;
}

class Actions {
 public:
  Actions() { check(::posix_spawn_file_actions_init(&actions_)); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  void copy(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  void open_null(int to, int flags) { check(::posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", flags, 0)); }
  void change_directory(const std::string& to) { check(::posix_spawn_file_actions_addchdir_np(&actions_, to.c_str())); }
  void close_from([[maybe_unused]] int first) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, first));
#endif  // elsewhere what a user opened without close-on-exec stays open in the child
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "describing a child's descriptors");
  }
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGINT);
    ::posix_spawnattr_setsigmask(&attributes_, &mask);
    sigset_t defaults;
    ::sigfillset(&defaults);
    ::sigdelset(&defaults, SIGHUP);  // ignored under nohup, and then in the children too; a handler of ours goes with the exec
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<std::string> environment_of(const ChildSpec& spec) {
  const auto replaced = [&](std::string_view entry) {
    const auto name = entry.substr(0, entry.find('='));
    return name == role_variable ||
           std::any_of(spec.environment.begin(), spec.environment.end(), [&](const auto& e) { return e.first == name; });
  };
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    if (!replaced(*entry)) entries.emplace_back(*entry);
  for (const auto& [name, value] : spec.environment)
    if (name != role_variable) entries.emplace_back(name).append(1, '=').append(value);
  entries.push_back(std::string{role_variable} + '=' + role_value);
  return entries;
}

std::string executable_of(const ChildSpec& spec) {
  if (spec.executable.empty()) return own_program;
  const bool moves = !spec.working_directory.empty() && spec.executable.find('/') != std::string::npos;
  return moves ? std::filesystem::absolute(spec.executable).string() : spec.executable;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void raise_failed(const ChildSpec& spec, const std::string& executable, int error) {
  if (error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE) raise_full(spec, error);
  std::error_code ignored;
  if (!spec.working_directory.empty() && !std::filesystem::is_directory(spec.working_directory, ignored))
    raise(ErrorType::not_found, spec.name + " cannot start: its working directory " + spec.working_directory + " is no directory");
  if (error == E2BIG) raise(ErrorType::misuse, spec.name + " cannot start: its arguments and environment are too long");
  const std::string hint = executable == own_program ? " (is /proc mounted?)" : "";
  raise(ErrorType::not_found, spec.name + " cannot start: its executable " + executable + ": " + reason(error) + hint);
}

void check_start(const ChildSpec& spec) {
  if (role_pending())
    raise(ErrorType::misuse, "this process was started by troupe and has not taken its role, so it may not start " + spec.name +
                                 ": call troupe::Node node{argc, argv} first in main");
  if (process_depth() >= max_process_depth)
    raise(ErrorType::misuse, spec.name + " would be more than " + std::to_string(max_process_depth) +
                                 " processes below the first: does every process start another one on its way to its role? Call "
                                 "troupe::Node node{argc, argv} first in main");
}

ChildEnd to_exit(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {.code = info.si_status, .signal = 0};
  return {.code = -info.si_status, .signal = info.si_status};
}

}  // namespace

struct Launcher::Request {
  const char* executable;
  const posix_spawn_file_actions_t* actions;
  char* const* arguments;
  char* const* environment;
  pid_t pid = -1;
  int error = 0;
  bool done = false;
};

Launcher::Launcher() = default;

Launcher::~Launcher() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

Child Launcher::start(const ChildSpec& spec) {
  check_start(spec);
  const std::string executable = executable_of(spec);
  std::vector<std::string> arguments = spec.arguments;
  if (arguments.empty()) arguments.push_back(executable);
  std::vector<std::string> environment = environment_of(spec);
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);

  Child child;
  Pipe life = make_pipe(spec);
  const Descriptor role = lifted(write_role(spec.role, spec.name, process_depth() + 1));
  if (!role) raise_full(spec, errno);
  Pipe out;
  Pipe err;
  Descriptor input;
  Actions actions;
  const auto duplicate = [&](int given, const char* what) {
    Descriptor copy{::fcntl(given, F_DUPFD_CLOEXEC, first_free_descriptor)};
    if (!copy) raise(ErrorType::misuse, spec.name + " cannot start: its " + what + " is no open descriptor: " + reason(errno));
    return copy;
  };
  if (spec.input >= 0) input = duplicate(spec.input, "input");
  const auto give_output = [&](Pipe& pipe, int number, int given) {
    if (given >= 0) {
      pipe.write = duplicate(given, "output");
      actions.copy(pipe.write.get(), number);
    } else if (spec.relay_output) {
      pipe = make_pipe(spec);
      ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
      actions.copy(pipe.write.get(), number);
    } else if (::fcntl(number, F_GETFD) < 0) {
      actions.open_null(number, O_WRONLY);  // closed in us: the first file that the child opens must not get its prints
    }
  };
  give_output(out, STDOUT_FILENO, spec.output);
  give_output(err, STDERR_FILENO, spec.errors);
  if (input) actions.copy(input.get(), STDIN_FILENO);
  if (!input) actions.open_null(STDIN_FILENO, O_RDONLY);
  actions.copy(role.get(), role_descriptor);
  actions.copy(life.read.get(), parent_descriptor);
  actions.close_from(first_free_descriptor);
  if (!spec.working_directory.empty()) actions.change_directory(spec.working_directory);

  Request request{executable.c_str(), actions.get(), argv.data(), envp.data()};
  serve(request, spec);
  if (request.error != 0) raise_failed(spec, executable, request.error);

  child.pid = request.pid;
  child.pidfd = lifted(Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, request.pid, 0))});
  if (!child.pidfd) {
    const int error = errno;
    ::kill(request.pid, SIGKILL);
    ::waitpid(request.pid, nullptr, 0);
    if (error != ESRCH) raise_full(spec, error);
    raise(ErrorType::misuse, spec.name + " ended at once and nobody can tell how: this program ignores SIGCHLD or waits for every child");
  }
  child.role = std::move(life.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

void Launcher::serve(Request& request, const ChildSpec& spec) {
  std::unique_lock lock{mutex_};
  try {
    if (!thread_.joinable()) thread_ = quiet_thread([this] { run(); });
  } catch (const std::system_error& error) {
    raise_full(spec, error.code().value());
  }
  requests_.push_back(&request);
  wake_.notify_one();
  done_.wait(lock, [&] { return request.done; });
}

void Launcher::run() {
  const Attributes attributes;
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [&] { return ended_ || !requests_.empty(); });
    if (requests_.empty()) return;
    Request& request = *requests_.front();
    requests_.pop_front();
    lock.unlock();
    request.error =
        ::posix_spawnp(&request.pid, request.executable, request.actions, attributes.get(), request.arguments, request.environment);
    lock.lock();
    request.done = true;
    done_.notify_all();
  }
}

std::optional<ChildEnd> reap(const Descriptor& pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0) {
    if (errno == EINTR) continue;
    return ChildEnd{.code = -1, .signal = 0};
  }
  if (info.si_pid == 0) return std::nullopt;
  return to_exit(info);
}

std::optional<ChildEnd> reap(const Descriptor& pidfd, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    if (const auto end = reap(pidfd)) return end;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd state{pidfd.get(), POLLIN, 0};
    ::poll(&state, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1'000'000)));
  }
}

bool signal_child(const Descriptor& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  raise(ErrorType::misuse, "signal " + std::to_string(signal) + " cannot be sent: " + reason(errno));
}

}  // namespace troupe::detail
