// troupe: actors in processes. Apache-2.0, see LICENSE.
// The troupe command as its user has it: in a shell's pipeline or at a terminal, with what it leaves behind.
#pragma once

#include "catch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

inline std::string text_of_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

/// A folder that goes when the test ends.
class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + '/' + name; }
  [[nodiscard]] bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::string path_ = "/tmp/troupe-tools-XXXXXX";
};

/// Living processes that were started with `entry` in their environment.
inline std::vector<pid_t> processes_with(const std::string& entry) {
  std::vector<pid_t> found;
  for (const auto& process : std::filesystem::directory_iterator{"/proc"}) {
    const std::string name = process.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (('\0' + text_of_file(process.path() / "environ")).find('\0' + entry + '\0') != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

enum class At { pipeline, terminal };

/// Whether `condition` comes true within `patience`.
inline bool comes_true(const std::function<bool()>& condition, std::chrono::seconds patience = 30s) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

/// A running `troupe ARGUMENTS`, behind the words of `before`. Hosts of this machine have their directories in `folder`. All that descends
/// from it is killed at the end.
class Command {
 public:
  explicit Command(const std::vector<std::string>& arguments, At at = At::pipeline,
                   const std::string& ssh = TROUPE_SOURCE_DIR "/tests/tools/ssh.sh", std::vector<std::string> before = {}) {
    std::array<int, 2> in{-1, -1}, out{-1, -1}, err{-1, -1};
    REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0);
    REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
    std::string terminal;
    if (at == At::terminal) {
      in_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
      REQUIRE(in_ >= 0);
      REQUIRE(::grantpt(in_) == 0);
      REQUIRE(::unlockpt(in_) == 0);
      terminal = ::ptsname(in_);
    } else {
      REQUIRE(::pipe2(in.data(), O_CLOEXEC) == 0);
      in_ = in[1];
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (at == At::terminal) {
      ::posix_spawn_file_actions_addopen(&actions, 0, terminal.c_str(), O_RDWR, 0);  // by a new session: its terminal from now on
    } else {
      ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    }
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);

    std::vector<std::string> words = std::move(before);
    words.emplace_back(TROUPE_BINARY_DIR "/tools/troupe");
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> environment{mark(), "TMPDIR=" + folder.path(), "TROUPE_SSH=" + ssh};
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (!std::string_view{*entry}.starts_with("TMPDIR=") && !std::string_view{*entry}.starts_with("TROUPE_"))
        environment.emplace_back(*entry);
    auto argv = pointers(words);
    auto envp = pointers(environment);
    REQUIRE(::posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), envp.data()) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    for (const int end : {in[0], out[1], err[1]})
      if (end >= 0) ::close(end);
    outputs_[0].pipe = out[0];
    outputs_[1].pipe = err[0];
  }
  ~Command() {
    for (const pid_t each : family()) ::kill(each, SIGKILL);
    if (!waited_) ::waitpid(pid_, nullptr, 0);
    end_input();
    for (const auto& output : outputs_)
      if (output.pipe >= 0) ::close(output.pipe);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  const Folder folder;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  /// Writes all of `text`, while what the command prints is read.
  void write(std::string_view text) {
    while (!text.empty()) {
      std::array<pollfd, 3> polled{{{in_, POLLOUT, 0}, {outputs_[0].pipe, POLLIN, 0}, {outputs_[1].pipe, POLLIN, 0}}};
      REQUIRE(::poll(polled.data(), polled.size(), 30000) > 0);
      for (std::size_t i = 0; i < 2; ++i)
        if (polled[i + 1].revents != 0) outputs_[i].read();
      if (polled[0].revents == 0) continue;
      const auto done = ::write(in_, text.data(), std::min<std::size_t>(text.size(), 4096));
      REQUIRE(done > 0);
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  void end_input() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }

  /// Whether it prints `text` to stdout or stderr, within 30 s.
  [[nodiscard]] bool prints(const std::string& text) {
    return outputs_[0].reads_until([&] { return outputs_[0].text.find(text) != std::string::npos; });
  }
  [[nodiscard]] bool complains(const std::string& text) {
    return outputs_[1].reads_until([&] { return outputs_[1].text.find(text) != std::string::npos; });
  }
  /// All that it prints, once it has closed its output.
  [[nodiscard]] const std::string& out() { return outputs_[0].all(); }
  [[nodiscard]] const std::string& err() { return outputs_[1].all(); }

  /// Its exit code, or minus the signal that ended it; it ends within 30 s.
  [[nodiscard]] int wait() {
    (void)out();
    (void)err();
    int status = 0;
    REQUIRE(comes_true([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }));
    waited_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// Living processes that descend from it, itself included, whatever their session.
  [[nodiscard]] std::vector<pid_t> family() const { return processes_with(mark()); }
  /// Whether nothing is left of it, neither a process nor a file, within 30 s.
  [[nodiscard]] bool leaves_nothing() const {
    return comes_true([&] { return family().empty() && folder.empty(); });
  }

 private:
  struct Output {
    int pipe = -1;
    std::string text;

    void read() {
      std::array<char, 65536> piece;
      const auto got = ::read(pipe, piece.data(), piece.size());
      if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
      if (got > 0) return;
      ::close(pipe);
      pipe = -1;
    }
    bool reads_until(const std::function<bool()>& enough) {
      const auto until = std::chrono::steady_clock::now() + 30s;
      while (pipe >= 0 && !enough() && std::chrono::steady_clock::now() < until) {
        pollfd polled{pipe, POLLIN, 0};
        if (::poll(&polled, 1, 1000) > 0) read();
      }
      return enough();
    }
    const std::string& all() {
      reads_until([] { return false; });
      return text;
    }
  };

  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  }

  [[nodiscard]] std::string mark() const { return "FAMILY_OF_A_TEST=" + folder.path(); }

  pid_t pid_ = -1;
  int in_ = -1;
  std::array<Output, 2> outputs_;
  bool waited_ = false;
};
