// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <sstream>

namespace wordcount {

std::string readable_bytes(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 999.95 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
  return text.data();
}

ProgressBar::ProgressBar(bool visible, std::uint64_t total_bytes) : visible_{visible}, total_{static_cast<double>(total_bytes)} {}

void ProgressBar::show(std::uint64_t bytes) {
  if (!visible_) return;
  constexpr int width = 30;
  const double done = static_cast<double>(bytes);
  const double share = total_ > 0 ? std::min(done / total_, 1.0) : 1.0;
  const double seconds = std::chrono::duration<double>{std::chrono::steady_clock::now() - began_}.count();
  const double rate = seconds > 0 ? done / seconds : 0;
  const int full = static_cast<int>(share * width);

  std::ostringstream line;
  line << clear_line << '[' << std::string(static_cast<std::size_t>(full), '#') << std::string(static_cast<std::size_t>(width - full), '.')
       << "] " << static_cast<int>(share * 100) << " %  " << readable_bytes(done) << " of " << readable_bytes(total_) << "  "
       << readable_bytes(rate) << "/s";
  if (rate > 0) line << "  " << std::ceil((total_ - done) / rate) << " s left";
  std::cerr << line.str() << std::flush;  // one write
}

void ProgressBar::clear() {
  if (visible_) std::cerr << clear_line << std::flush;
}

}  // namespace wordcount
