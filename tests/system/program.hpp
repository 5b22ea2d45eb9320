// troupe: actors in processes. Apache-2.0, see LICENSE.
// A program of several processes as its user sees it: started, signalled, and what it leaves behind.
#pragma once

#include "catch.hpp"
#include "child_main.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// The third and further fields of /proc/PID/stat (state, parent, group, session, ...); empty when it is gone.
inline std::vector<std::string> stat_of(pid_t pid) {
  std::ostringstream text;
  text << std::ifstream{"/proc/" + std::to_string(pid) + "/stat"}.rdbuf();
  const std::string all = text.str();
  const auto name_end = all.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields{all.substr(name_end + 2)};
  std::vector<std::string> result;
  for (std::string field; fields >> field;) result.push_back(field);
  return result;
}

/// Processes, zombies of ours included, for which `matches(stat)` holds.
inline std::vector<pid_t> processes(const std::function<bool(const std::vector<std::string>&)>& matches) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto stat = stat_of(std::stoi(name));
    if (stat.size() > 3 && matches(stat)) found.push_back(std::stoi(name));
  }
  return found;
}

inline std::vector<pid_t> children_of(pid_t parent) {
  return processes([&](const auto& stat) { return stat[1] == std::to_string(parent); });
}

inline std::size_t files_below(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder})
    if (!entry.is_directory()) ++count;
  return count;
}

/// A runtime directory of one's own, for what is started while it lives.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/trp-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// This test program as the ChildMain called `main`, in a session of its own, which its descendants share.
class Program {
 public:
  /// @param environment_too  NAME=VALUE, besides this program's
  /// @param through          a command and its arguments that runs what stands behind them in its own place
  Program(const char* main, const Folder& folder, const std::vector<std::string>& options = {},
          const std::vector<std::string>& environment_too = {}, const std::vector<std::string>& through = {}) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (std::string{*entry}.rfind("XDG_RUNTIME_DIR=", 0) != 0) environment.emplace_back(*entry);
    environment.push_back("XDG_RUNTIME_DIR=" + folder.path());
    environment.push_back(std::string{ChildMain::variable} + '=' + main);
    environment.insert(environment.end(), environment_too.begin(), environment_too.end());
    std::vector<char*> pointers;
    for (auto& entry : environment) pointers.push_back(entry.data());
    pointers.push_back(nullptr);
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    std::vector<std::string> words = through;
    words.push_back(self);
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (auto& argument : words) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, words.front().c_str(), &actions, &attributes, arguments.data(), pointers.data()) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Program() {
    for (const pid_t left : family()) ::kill(left, SIGKILL);
    if (!waited_) ::waitpid(pid_, nullptr, 0);
    if (std::uncaught_exceptions() > before_) std::fprintf(stderr, "process %d wrote:\n%s\n", pid_, output().c_str());
    ::close(out_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Living processes of the program, itself included.
  [[nodiscard]] std::vector<pid_t> family() const {
    return processes([&](const auto& stat) { return stat[3] == std::to_string(pid_) && stat[0] != "Z"; });
  }
  [[nodiscard]] bool family_ends(std::chrono::milliseconds patience) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!family().empty()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  /// Reads on until the output contains `text` or ends, for 30 s at most. @returns whether it does
  bool prints(const std::string& text) {
    read_until([&] { return output_.find(text) != std::string::npos; });
    const bool found = output_.find(text) != std::string::npos;
    if (!found) UNSCOPED_INFO("process " << pid_ << " wrote: " << output_);
    return found;
  }
  [[nodiscard]] const std::string& output_so_far() const { return output_; }
  /// All that it wrote, once every process of it has closed its output.
  [[nodiscard]] const std::string& output() {
    read_until([] { return false; });
    return output_;
  }
  /// How it ended, as waitpid says it; -1: not within 30 s.
  [[nodiscard]] int status() {
    const auto until = std::chrono::steady_clock::now() + 30s;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() >= until) return -1;
      std::this_thread::sleep_for(1ms);
    }
    waited_ = true;
    return status;
  }

 private:
  void read_until(const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    std::array<char, 4096> piece;
    while (!enough() && std::chrono::steady_clock::now() < until) {
      pollfd state{out_, POLLIN, 0};
      if (::poll(&state, 1, 1000) <= 0) continue;
      const auto got = ::read(out_, piece.data(), piece.size());
      if (got <= 0) return;
      output_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

  pid_t pid_ = -1;
  int out_ = -1;
  bool waited_ = false;
  std::string output_;
  const int before_ = std::uncaught_exceptions();
};
