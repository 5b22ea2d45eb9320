// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/program_file.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include <unistd.h>

#include <troupe/wire/error.hpp>

#include "tools/run/host_script.hpp"

namespace troupe::tools {

namespace {

bool may_be_executed(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

[[noreturn]] void raise_unreadable(const std::string& path) { throw NotFound{path + " cannot be read"}; }

}  // namespace

std::string ProgramFile::checksum() const {
  FILE* const pipe = ::popen(("exec cksum <" + shell_word(path)).c_str(), "re");
  if (pipe == nullptr) raise_unreadable(path);
  std::array<char, 128> line{};
  const bool got = std::fgets(line.data(), line.size(), pipe) != nullptr;
  if (::pclose(pipe) != 0 || !got) raise_unreadable(path);
  const std::string_view text{line.data()};
  return std::string{text.substr(0, text.find('\n'))};
}

std::string ProgramFile::content() const {
  std::ostringstream bytes;
  if (!(bytes << std::ifstream{path, std::ios::binary}.rdbuf())) raise_unreadable(path);
  return std::move(bytes).str();
}

ProgramFile find_program(const std::string& word) {
  std::string_view folders;
  if (word.find('/') != word.npos) {
    if (may_be_executed(word)) return {std::filesystem::absolute(word).lexically_normal()};
  } else if (const char* path = std::getenv("PATH")) {
    folders = path;
  }
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    const auto candidate = std::filesystem::absolute(std::filesystem::path{folder.empty() ? "." : folder} / word);
    if (may_be_executed(candidate)) return {candidate.lexically_normal()};
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
  }
  throw NotFound{"there is no program " + word + " here that may be executed"};
}

}  // namespace troupe::tools
