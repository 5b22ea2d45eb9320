// troupe: actors in processes. Apache-2.0, see LICENSE.
// The troupe command as its user sees it: run once, and what it said.
#pragma once

#include "catch.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include <nlohmann/json.hpp>

struct Said {
  int code = -1;
  std::string text;

  [[nodiscard]] bool has(const std::string& part) const { return text.find(part) != std::string::npos; }
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(text); }
};

/// @param environment  assignments before the command, as the shell has them
inline Said troupe_command(const std::string& arguments, const std::string& environment = {}) {
  const std::string line = environment + ' ' + TROUPE_BINARY_DIR + "/tools/troupe " + arguments + " 2>&1";
  FILE* const pipe = ::popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Said said;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) said.text += piece.data();
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) said.code = WEXITSTATUS(status);
  return said;
}
