// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/packed.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include <troupe/wire/envelope.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

/// So many envelopes with this header, whose payloads follow.
struct Run {
  std::uint32_t count = 0;
  std::uint32_t reserved = 0;
  EnvelopeHeader header;
};
static_assert(sizeof(Run) == 56);

[[noreturn]] void refuse(const char* why) { raise(ErrorType::malformed, std::string{"a packed frame: "} + why); }

template <class T>
T read(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(static_cast<void*>(&value), bytes.data() + at, sizeof value);
  return value;
}

/// The runs of a frame, one after the other.
class Runs {
 public:
  explicit Runs(std::span<const std::byte> frame) noexcept : frame_{frame} {}
  /// Where the next run begins, and how many envelopes it has; 0: none is left, or what is left is no envelope.
  [[nodiscard]] std::pair<std::size_t, std::uint32_t> next() noexcept {
    const std::size_t begin = at_;
    std::uint32_t count = 0;
    while (at_ + sizeof(EnvelopeHeader) <= frame_.size() &&
           (count == 0 || std::memcmp(frame_.data() + begin, frame_.data() + at_, sizeof(EnvelopeHeader)) == 0)) {
      const std::size_t end = at_ + sizeof(EnvelopeHeader) + padded(read<EnvelopeHeader>(frame_, at_).payload_bytes);
      if (end > frame_.size()) break;
      at_ = end;
      ++count;
    }
    return {begin, count};
  }
  [[nodiscard]] bool at_end() const noexcept { return at_ == frame_.size(); }

 private:
  std::span<const std::byte> frame_;
  std::size_t at_ = sizeof(FrameHeader);
};

void append(Block& block, const void* bytes, std::size_t count) {
  std::memcpy(block.data() + block.size(), bytes, count);
  block.resize(block.size() + count);
}

}  // namespace

Block pack(std::span<const std::byte> frame, std::size_t headroom) {
  std::size_t bytes = sizeof(FrameHeader);
  Runs counted{frame};
  for (auto [begin, count] = counted.next(); count != 0; std::tie(begin, count) = counted.next())
    bytes += sizeof(Run) + count * padded(read<EnvelopeHeader>(frame, begin).payload_bytes);
  if (!counted.at_end() || bytes > frame.size() - frame.size() / 8) return {};
  Block packed = Block::make(headroom + bytes);
  packed.resize(headroom);
  append(packed, frame.data(), sizeof(FrameHeader));
  Runs runs{frame};
  for (auto [begin, count] = runs.next(); count != 0; std::tie(begin, count) = runs.next()) {
    const Run run{count, 0, read<EnvelopeHeader>(frame, begin)};
    append(packed, &run, sizeof run);
    const std::size_t payload = padded(run.header.payload_bytes);
    for (std::uint32_t i = 0; i < count; ++i)
      append(packed, frame.data() + begin + i * (sizeof(EnvelopeHeader) + payload) + sizeof(EnvelopeHeader), payload);
  }
  return packed;
}

Block unpack(std::span<const std::byte> packed, std::size_t most) {
  if (packed.size() < sizeof(FrameHeader)) refuse("it is cut off in its header");
  std::size_t bytes = sizeof(FrameHeader);
  for (std::size_t at = sizeof(FrameHeader); at != packed.size();) {
    if (packed.size() - at < sizeof(Run)) refuse("it is cut off in a run");
    const Run run = read<Run>(packed, at);
    at += sizeof run;
    const std::size_t payload = padded(run.header.payload_bytes);
    if (run.count == 0) refuse("a run has no envelopes");
    if (run.count > (most - bytes) / (sizeof(EnvelopeHeader) + payload)) refuse("it is larger than the largest frame");
    if (run.count * payload > packed.size() - at) refuse("a run is longer than the frame");
    bytes += run.count * (sizeof(EnvelopeHeader) + payload);
    at += run.count * payload;
  }
  Block frame = Block::make(bytes);
  append(frame, packed.data(), sizeof(FrameHeader));
  for (std::size_t at = sizeof(FrameHeader); at != packed.size();) {
    const Run run = read<Run>(packed, at);
    at += sizeof run;
    const std::size_t payload = padded(run.header.payload_bytes);
    for (std::uint32_t i = 0; i < run.count; ++i, at += payload) {
      append(frame, &run.header, sizeof run.header);
      append(frame, packed.data() + at, payload);
    }
  }
  return frame;
}

}  // namespace troupe::detail
