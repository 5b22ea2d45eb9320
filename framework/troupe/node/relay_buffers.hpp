// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the relay keeps between reading and writing: a stream's lines, an output's current piece, a child's last errors.
#pragma once

#include <troupe/node/descriptor.hpp>

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace troupe::detail {

/// One pipe of one child, with what was read from it and not yet passed on. Stays at its address while a sink knows it.
class RelayStream {
 public:
  RelayStream() = default;
  RelayStream(Descriptor pipe, std::string prefix, std::size_t line_bytes)
      : source{std::move(pipe)}, prefix_{std::move(prefix)}, line_bytes_{line_bytes} {}

  void append(std::string_view text);
  /// No more comes: closes the source; a last line without a newline becomes ready.
  void end();
  [[nodiscard]] std::size_t waiting_bytes() const noexcept { return text_.size() - begin_; }
  /// Something can be passed on: whole lines, pieces of one that is too long, or the rest after the end.
  [[nodiscard]] bool ready() const noexcept { return begin_ < ready_; }
  /// Whole lines of at most `most_bytes` together, or one line that is longer, each with the prefix.
  [[nodiscard]] std::string take(std::size_t most_bytes);
  void drop_ready();
  /// Somebody else's output follows what was taken last: the next piece begins a line.
  void interrupted() noexcept { at_line_start_ = true; }

  Descriptor source;
  bool readable = false;

 private:
  void shrink();

  std::string prefix_;
  std::size_t line_bytes_ = 0;
  std::string text_;
  std::size_t begin_ = 0;
  std::size_t ready_ = 0;  // end of what can be passed on
  bool at_line_start_ = true;
};

/// One output of ours and the piece that is being written to it.
class RelaySink {
 public:
  explicit RelaySink(int number);

  [[nodiscard]] bool pending() const noexcept { return written_ < piece_.size(); }
  [[nodiscard]] bool pending_of(const RelayStream& stream) const noexcept { return pending() && last_ == &stream; }
  [[nodiscard]] bool in_line_of(const RelayStream& stream) const noexcept { return in_line_ && last_ == &stream; }
  /// Makes the stream's next lines the piece to write; none is pending.
  void take(RelayStream& stream);
  /// Writes as much as there is room for without waiting, if poll said that there is. Marks the sink broken if it fails for good.
  void write();
  /// Writes out what this program printed before, so that the order stays. @returns whether there was something
  bool flush_own();  // NOLINT(readability-make-member-function-const): it writes
  void drop() noexcept;
  void forget(const RelayStream& stream) noexcept;

  int target;
  bool writable = false;
  /// Nobody reads it any more: what comes is dropped.
  bool broken = false;

 private:
  std::size_t room_bytes_;
  std::string piece_;
  std::size_t written_ = 0;
  RelayStream* last_ = nullptr;
  bool in_line_ = false;
};

/// The last lines of a text that arrives in pieces, bounded in lines and bytes.
class LastLines {
 public:
  LastLines(std::size_t lines, std::size_t bytes) : most_lines_{lines}, most_bytes_{bytes} {}
  void append(std::string_view text);
  /// With a newline after each line, the last one too.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t most_lines_;
  std::size_t most_bytes_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  bool open_ = false;  // the last line has no newline yet
};

}  // namespace troupe::detail
