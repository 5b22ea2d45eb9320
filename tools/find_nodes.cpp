// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "find_nodes.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <troupe/node/descriptor.hpp>

namespace troupe::tools {

namespace {

constexpr std::size_t digits = 16;

std::optional<troupe::NodeId> id_of(std::string_view name) {
  if (name.size() != 2 * digits + 1 || name[digits] != '-') return std::nullopt;
  troupe::NodeId id;
  const auto read = [](std::string_view text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return error == std::errc{} && end == text.data() + text.size();
  };
  if (!read(name.substr(0, digits), id.host) || !read(name.substr(digits + 1), id.local)) return std::nullopt;
  return id;
}

/// The process that keeps the file locked; nothing: none does.
std::optional<int> keeper_of(const std::string& lock) {
  const troupe::detail::Descriptor file{::open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  int pid = 0;
  std::ifstream{lock} >> pid;
  return pid;
}

/// The state in /proc/PID/stat; a blank: it is gone.
char state_of(int pid) {
  std::string text;
  std::getline(std::ifstream{"/proc/" + std::to_string(pid) + "/stat"}, text);
  const auto name_end = text.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= text.size() ? ' ' : text[name_end + 2];
}

}  // namespace

std::vector<FoundNode> find_nodes(const std::vector<std::string>& directories) {
  std::vector<std::pair<std::filesystem::file_time_type, FoundNode>> found;
  for (const std::string& directory : directories) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
      const auto& path = entry->path();
      const auto id = id_of(path.stem().string());
      if (path.extension() != ".ipc" || !id) continue;
      const auto pid = keeper_of(path.string() + ".lock");
      std::error_code gone;
      const auto made = std::filesystem::last_write_time(path, gone);
      if (pid && !gone) found.emplace_back(made, FoundNode{*id, "ipc://" + path.string(), *pid});
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<FoundNode> nodes;
  for (auto& [made, node] : found) nodes.push_back(std::move(node));
  return nodes;
}

std::string process_name(int pid) {
  std::string name;
  std::getline(std::ifstream{"/proc/" + std::to_string(pid) + "/comm"}, name);
  return name;
}

bool is_stopped(int pid) {
  const char state = state_of(pid);
  return state == 'T' || state == 't';
}

std::string to_text(troupe::NodeId id) {
  std::array<char, 2 * digits + 2> text{};
  std::snprintf(text.data(), text.size(), "%016llx-%016llx", static_cast<unsigned long long>(id.host),
                static_cast<unsigned long long>(id.local));
  return text.data();
}

}  // namespace troupe::tools
