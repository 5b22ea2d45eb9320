// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "readable.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

namespace troupe::tools {

std::string readable_number(double number) {
  std::array<char, 32> text{};
  const bool whole = number >= 9.95 || number < 0.05;
  std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.1f", number);
  return text.data();
}

std::string readable_time(double seconds) {
  if (seconds < 0.9995) return std::to_string(static_cast<int>(seconds * 1000 + 0.5)) + " ms";
  if (seconds < 120) return readable_number(seconds) + " s";
  if (seconds < 7200) return readable_number(seconds / 60) + " min";
  if (seconds < 172'800) return readable_number(seconds / 3600) + " h";
  return readable_number(seconds / 86'400) + " d";
}

std::string readable_bytes(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  return readable_number(bytes) + ' ' + units.at(unit);
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string readable_type(std::string_view name) {
  std::string text{name};
  for (const std::string_view part : {"troupe::detail::", "(anonymous namespace)::"})
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  return text;
}

}  // namespace troupe::tools
