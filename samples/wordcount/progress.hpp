// troupe: actors in processes. Apache-2.0, see LICENSE.
// A bar on stderr: how much is done, how fast, how long it will take.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace wordcount {

/// 1234567 as "1.2 MB".
[[nodiscard]] std::string readable_bytes(double bytes);

/// Threads: one.
class ProgressBar {
 public:
  /// What takes the bar's line away again.
  static constexpr std::string_view clear_line = "\r\x1b[K";

  /// @param visible  false: every member does nothing
  ProgressBar(bool visible, std::uint64_t total_bytes);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t bytes);
  void clear();

 private:
  const bool visible_;
  const double total_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace wordcount
