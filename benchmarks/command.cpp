// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/command.hpp"

#include <array>
#include <cstdio>

namespace bench {

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot be started";
  std::string output;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), got);
  if (::pclose(pipe) != 0 && output.empty()) output = "ended without a word";
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

}  // namespace bench
