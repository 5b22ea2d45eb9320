// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/progress.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <utility>

#include <troupe/node/signals.hpp>
#include <troupe/patterns/pool.hpp>

namespace troupe {

namespace {

constexpr auto draw_every = std::chrono::milliseconds{100};
constexpr std::size_t bar_columns = 30;
constexpr std::size_t usual_columns = 80;
constexpr const char* clear_line = "\r\x1b[K";

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_columns;
}

std::string readable(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 10 ? "%.1f" : "%.0f", number);
  return text.data();
}

std::string readable(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  std::array<char, 48> text{};
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld min", static_cast<long long>(seconds / 60), static_cast<long long>(seconds % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld h", static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds % 3600 / 60));
  }
  return text.data();
}

void draw(const std::string& line) {
  const std::string text = clear_line + line;
  std::size_t done = 0;
  while (done < text.size()) {
    const auto wrote = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (wrote <= 0) return;
    done += static_cast<std::size_t>(wrote);
  }
}

}  // namespace

double Progress::rate() const noexcept {
  const double seconds = std::chrono::duration<double>{elapsed}.count();
  return seconds > 0 ? static_cast<double>(done) / seconds : 0;
}

std::optional<Duration> Progress::time_left() const noexcept {
  if (done == 0) return {};
  const double share = static_cast<double>(total - std::min(done, total)) / static_cast<double>(done);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>{static_cast<double>(elapsed.count()) * share});
}

std::string progress_line(const Progress& progress, const std::string& label, std::size_t columns) {
  const double part =
      progress.total == 0 ? 0 : static_cast<double>(std::min(progress.done, progress.total)) / static_cast<double>(progress.total);
  const auto full = static_cast<std::size_t>(std::lround(part * static_cast<double>(bar_columns)));
  std::string line = label.empty() ? "" : label + ' ';
  line += '[' + std::string(full, '#') + std::string(bar_columns - full, '.') + "] " + std::to_string(std::lround(part * 100)) + " % " +
          std::to_string(progress.done) + '/' + std::to_string(progress.total);
  if (const double rate = progress.rate(); rate > 0) line += ", " + readable(rate) + "/s";
  if (const auto left = progress.time_left(); left && progress.done < progress.total) line += ", " + readable(*left) + " left";
  if (line.size() > columns) line.resize(columns);
  return line;
}

/// Draws on a thread of its own.
class ProgressBar::Painter {
 public:
  Painter(std::function<Progress()> look, std::string label)
      : look_{std::move(look)}, label_{std::move(label)}, thread_{detail::quiet_thread([this] { run(); })} {}
  ~Painter() {
    {
      const std::lock_guard lock{mutex_};
      ended_ = true;
    }
    end_.notify_one();
    thread_.join();
    draw("");
  }
  Painter(const Painter&) = delete;
  Painter& operator=(const Painter&) = delete;

 private:
  void run() {
    std::unique_lock lock{mutex_};
    while (!ended_) {
      lock.unlock();
      draw(progress_line(look_(), label_, terminal_columns() - 1));
      lock.lock();
      end_.wait_for(lock, draw_every, [this] { return ended_; });
    }
  }

  const std::function<Progress()> look_;
  const std::string label_;
  std::mutex mutex_;
  std::condition_variable end_;
  bool ended_ = false;
  std::thread thread_;
};

ProgressBar::ProgressBar(const Pool& pool, std::string label) : ProgressBar{[&pool] { return pool.progress(); }, std::move(label)} {}

ProgressBar::ProgressBar(std::function<Progress()> look, std::string label) {
  if (::isatty(STDERR_FILENO) == 1) painter_ = std::make_unique<Painter>(std::move(look), std::move(label));
}

ProgressBar::~ProgressBar() = default;

}  // namespace troupe
