// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a test does to the hosts that hosts.sh made for it, and what it finds on them.
#pragma once

#include "tools/command.hpp"

#include <cstdio>

inline const std::string program = TROUPE_BINARY_DIR "/tests/lab/lab_program";

/// What a command of the shell prints; it must succeed.
inline std::string said_by(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece{};
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) text += piece.data();
  INFO(command << " said " << text);
  REQUIRE(::pclose(pipe) == 0);
  return text;
}

/// `hosts.sh ARGUMENTS`
inline std::string lab(const std::string& arguments) { return said_by(TROUPE_SOURCE_DIR "/tests/lab/hosts.sh " + arguments); }

/// Living processes of `program`: host nodes, with `variable` in the environment in which they were started, or all.
inline std::vector<pid_t> living(const std::string& variable = "") {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    std::error_code error;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (std::filesystem::read_symlink(entry.path() / "exe", error) != program) continue;
    const std::string environment = '\0' + text_of_file(entry.path() / "environ");
    if (variable.empty() || environment.find('\0' + variable + '\0') != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

/// Whether nothing is left of a run, on any of the hosts: no process of the program and no file.
inline bool hosts_are_empty() {
  return comes_true([] {
    if (!living().empty()) return false;
    for (const char* host : {"h1", "h2", "h3"})
      if (!lab(std::string{"on "} + host + " find $TMPDIR /dev/shm -mindepth 1").empty()) return false;
    return true;
  });
}
