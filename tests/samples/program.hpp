// troupe: actors in processes. Apache-2.0, see LICENSE.
// A sample program as a user runs it: its output, its end, its children.
#pragma once

#include "catch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

/// A folder that goes when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "samples-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// @returns the new file's path
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{*this / name, std::ios::binary} << text;
    return *this / name;
  }

 private:
  std::string path_;
};

inline std::string text_of_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

/// Whether `condition` came true within `patience`.
template <class Condition>
bool comes_true(Condition condition, std::chrono::seconds patience = 30s) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return condition();
}

/// Whether a process runs: neither gone nor a zombie.
inline bool runs(pid_t pid) {
  const std::string stat = text_of_file("/proc/" + std::to_string(pid) + "/stat");
  const auto state = stat.rfind(')');
  return state != std::string::npos && stat.at(state + 2) != 'Z';
}

/// Bytes that a process has read so far; 0 when it is gone.
inline std::uint64_t bytes_read(pid_t pid) {
  std::ifstream io{"/proc/" + std::to_string(pid) + "/io"};
  std::string label;
  std::uint64_t bytes = 0;
  io >> label >> bytes;
  return bytes;
}

/// A running sample in a process group of its own. Killed at the end if it still runs.
class Program {
 public:
  /// @param stderr_to  descriptor that becomes its stderr; -1: a file, see `err`
  Program(const std::string& sample, const std::vector<std::string>& arguments, int stderr_to = -1) {
    std::vector<std::string> words{TROUPE_BINARY_DIR "/samples/" + sample};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, (folder_ / "out").c_str(), O_WRONLY | O_CREAT, 0600);
    if (stderr_to < 0) {
      posix_spawn_file_actions_addopen(&files, STDERR_FILENO, (folder_ / "err").c_str(), O_WRONLY | O_CREAT, 0600);
    } else {
      posix_spawn_file_actions_adddup2(&files, stderr_to, STDERR_FILENO);
    }
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error = ::posix_spawn(&pid_, argv[0], &files, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    REQUIRE(error == 0);
  }
  ~Program() {
    if (!ended_) ::kill(-pid_, SIGKILL);
    if (!ended_) ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string out() const { return text_of_file(folder_ / "out"); }
  [[nodiscard]] std::string err() const { return text_of_file(folder_ / "err"); }

  /// Its child processes that run.
  [[nodiscard]] std::vector<pid_t> children() const {
    std::vector<pid_t> all;
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(pid_) + "/task", error}) {
      std::ifstream list{thread.path() / "children"};
      for (pid_t child = 0; list >> child;)
        if (runs(child)) all.push_back(child);
    }
    return all;
  }

  /// Waits for its end. @returns its exit code, or minus the signal that ended it
  int wait() {
    int status = 0;
    REQUIRE(comes_true([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, 120s));
    ended_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  Folder folder_;
  pid_t pid_ = -1;
  bool ended_ = false;
};
