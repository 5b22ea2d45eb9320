// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/relay_buffers.hpp>
#include <troupe/wire/log.hpp>

#include <stdio.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace troupe::detail {

namespace {

// A pipe that poll calls writable takes this much without blocking: one page.
constexpr std::size_t pipe_room_bytes = 4096;
// A file always takes all.
constexpr std::size_t file_room_bytes = 64 << 10;
// A quiet child's buffer is given back above this.
constexpr std::size_t kept_bytes = 4096;

std::size_t room_of(int number) {
  struct stat status {};
  return ::fstat(number, &status) == 0 && S_ISREG(status.st_mode) ? file_room_bytes : pipe_room_bytes;
}

// Another writer of the same pipe may take the room between poll and here: then the thread must not sleep, as it has more to do.
ssize_t write_some(int number, char* text, std::size_t bytes) {
  struct stat status {};
  if (::fstat(number, &status) == 0 && S_ISFIFO(status.st_mode)) {
    const iovec piece{text, bytes};
    const auto done = ::pwritev2(number, &piece, 1, -1, RWF_NOWAIT);
    if (done >= 0 || errno != EOPNOTSUPP) return done;
  }
  return ::write(number, text, bytes);
}

}  // namespace

void RelayStream::append(std::string_view text) {
  const auto newline = text.rfind('\n');
  if (newline != std::string_view::npos) ready_ = text_.size() + newline + 1;
  text_ += text;
  if (text_.size() - std::max(begin_, ready_) > line_bytes_) ready_ = text_.size();
}

void RelayStream::end() {
  source.close();
  ready_ = text_.size();
}

std::string RelayStream::take(std::size_t most_bytes) {
  std::string piece;
  while (begin_ < ready_) {
    const auto newline = text_.find('\n', begin_);
    const std::size_t line_end = newline == std::string::npos ? ready_ : std::min(newline + 1, ready_);
    const std::size_t bytes = line_end - begin_ + (at_line_start_ ? prefix_.size() : 0);
    if (!piece.empty() && piece.size() + bytes > most_bytes) break;
    if (at_line_start_) piece += prefix_;
    piece.append(text_, begin_, line_end - begin_);
    at_line_start_ = piece.back() == '\n';
    begin_ = line_end;
  }
  shrink();
  return piece;
}

void RelayStream::drop_ready() {
  begin_ = ready_;
  shrink();
}

void RelayStream::shrink() {
  if (begin_ < text_.size() && begin_ < file_room_bytes) return;
  text_.erase(0, begin_);
  ready_ -= begin_;
  begin_ = 0;
  if (text_.empty() && text_.capacity() > kept_bytes) text_.shrink_to_fit();
}

RelaySink::RelaySink(int number) : target{number}, room_bytes_{room_of(number)} {}

void RelaySink::take(RelayStream& stream) {
  written_ = 0;
  piece_.clear();
  if (in_line_ && last_ != &stream) {
    piece_ = "\n";
    if (last_ != nullptr) last_->interrupted();
  }
  piece_ += stream.take(room_bytes_);
  last_ = &stream;
  in_line_ = piece_.back() != '\n';
}

void RelaySink::write() {
  const auto done = write_some(target, piece_.data() + written_, std::min(piece_.size() - written_, room_bytes_));
  if (done >= 0) {
    written_ += static_cast<std::size_t>(done);
    return;
  }
  if (errno == EAGAIN || errno == EINTR) return;
  broken = true;
  if (errno != EPIPE)
    log(LogLevel::warning, "the output of child processes cannot be passed on: " + std::generic_category().message(errno));
}

bool RelaySink::flush_own() {
  if (target != STDOUT_FILENO) return false;      // stderr is not buffered
  if (::ftrylockfile(stdout) != 0) return false;  // a thread of the program prints, and may be stuck in it
  const bool flushed = ::__fpending(stdout) > 0 && ::fflush_unlocked(stdout) == 0;
  ::funlockfile(stdout);
  return flushed;
}

void RelaySink::drop() noexcept {
  piece_.clear();
  written_ = 0;
}

void RelaySink::forget(const RelayStream& stream) noexcept {
  if (last_ == &stream) last_ = nullptr;
}

void LastLines::append(std::string_view text) {
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const auto line = text.substr(0, newline);
    if (!open_) lines_.emplace_back();
    auto& last = lines_.back();
    last += line;
    bytes_ += line.size() + (open_ ? 0 : 1);
    if (last.size() > most_bytes_ - 1) {
      const std::size_t surplus = last.size() - (most_bytes_ - 1);
      last.erase(0, surplus);
      bytes_ -= surplus;
    }
    open_ = newline == std::string_view::npos;
    text.remove_prefix(open_ ? text.size() : newline + 1);
    while (lines_.size() > most_lines_ || (bytes_ > most_bytes_ && lines_.size() > 1)) {
      bytes_ -= lines_.front().size() + 1;
      lines_.pop_front();
    }
  }
}

std::string LastLines::text() const {
  std::string result;
  for (const auto& line : lines_) result.append(line).append("\n");
  return result;
}

}  // namespace troupe::detail
