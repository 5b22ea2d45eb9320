// troupe: actors in processes. Apache-2.0, see LICENSE.
// How far a pool is with its tasks, and a bar that shows it on a terminal.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <troupe/node/clock.hpp>

namespace troupe {

class Pool;

/// Of a pool, since it last had nothing to do.
struct Progress {
  std::size_t done = 0;
  /// Submitted so far.
  std::size_t total = 0;
  Duration elapsed{};

  /// Tasks per second; 0 before the first was done.
  [[nodiscard]] double rate() const noexcept;
  /// Until all are done, at this rate. Nothing: none was done yet.
  [[nodiscard]] std::optional<Duration> time_left() const noexcept;
};

/// A line like `render [#####.....] 50 % 120/240, 60/s, 2 s left` of at most `columns` characters.
[[nodiscard]] std::string progress_line(const Progress& progress, const std::string& label, std::size_t columns);

/// Shows the progress of a pool as long as it lives, ten times a second on stderr; nothing where that is no terminal.
///
///     troupe::ProgressBar bar{pool, "render"};
///     auto rows = pool.map<render>(numbers);
///
/// Lifetime: not longer than the pool. At its end it clears its line.
/// Threads:  one at a time; it draws on one of its own.
class ProgressBar {
 public:
  explicit ProgressBar(const Pool& pool, std::string label = {});
  /// Shows what `look` says. For whatever else makes progress.
  explicit ProgressBar(std::function<Progress()> look, std::string label = {});
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

 private:
  class Painter;
  std::unique_ptr<Painter> painter_;
};

}  // namespace troupe
