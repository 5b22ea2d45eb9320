// troupe: actors in processes. Apache-2.0, see LICENSE.
// Frames and envelopes as bytes: written into memory, and read with every number checked first.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

#include <troupe/wire/archive.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

/// Reads and checks the header of a frame.
///
/// @throws Malformed  too short, foreign bytes, an unknown kind, or fields that contradict each other; the text says which
/// @throws Refused    another version of the wire; the text names both
[[nodiscard]] FrameHeader parse_frame(std::span<const std::byte> frame);

/// What follows the header.
/// @param frame  one that `parse_frame` took
[[nodiscard]] inline std::span<const std::byte> frame_body(std::span<const std::byte> frame) noexcept {
  return frame.subspan(sizeof(FrameHeader));
}

/// One envelope within a frame that somebody else holds.
struct EnvelopeView {
  EnvelopeHeader header;
  std::span<const std::byte> payload;
  std::size_t offset = 0;  // of the header in the frame, a multiple of 8
};

/// Walks the envelopes of a data frame.
///
/// Lifetime: reads the frame at each `next`; what it returned may be overwritten by then.
class EnvelopeCursor {
 public:
  /// @param frame  one that `parse_frame` took
  explicit EnvelopeCursor(std::span<const std::byte> frame) noexcept : frame_{frame} {}

  /// The next envelope; nothing behind the last one.
  /// @throws Malformed  it is cut off, of an unknown kind, or its fields contradict each other. The cursor is then at its end:
  ///                    nothing behind it can be found
  [[nodiscard]] std::optional<EnvelopeView> next();

 private:
  std::span<const std::byte> frame_;
  std::size_t at_ = sizeof(FrameHeader);
};

/// Begins an envelope behind what `out` holds, which must be a multiple of 8 bytes.
/// @returns its place, for `end_envelope`
[[nodiscard]] inline std::size_t begin_envelope(Encoded& out, const EnvelopeHeader& header) {
  const std::size_t place = out.size();
  std::memcpy(out.extend(sizeof header), &header, sizeof header);
  return place;
}

/// Ends the envelope begun at `place`: writes the size of what was appended since and pads it with zeros.
/// @throws Malformed  the payload has 4 GiB or more; `out` is as it was before the envelope
void end_envelope(Encoded& out, std::size_t place);

/// Appends a whole envelope; `header.payload_bytes` is filled in.
void append_envelope(Encoded& out, const EnvelopeHeader& header, std::span<const std::byte> payload);

/// Appends an envelope with `value` as its payload; `header.payload_bytes` is filled in.
/// @throws what `encode` throws; `out` is as before
template <class T>
void append_message(Encoded& out, const EnvelopeHeader& header, const T& value) {
  const std::size_t place = begin_envelope(out, header);
  try {
    encode(out, value);
  } catch (...) {
    out.truncate(place);
    throw;
  }
  end_envelope(out, place);
}

/// Writes `header` before the bytes of `out` and takes its block: a frame ready to be sent.
/// @param out  made or cleared with a headroom of `sizeof(FrameHeader)`
[[nodiscard]] Block take_frame(Encoded& out, const FrameHeader& header);

/// A frame of a header and a body.
[[nodiscard]] Block make_frame(const FrameHeader& header, std::span<const std::byte> body = {});

/// A frame of a header and one value, for HELLO and the like.
template <class T>
[[nodiscard]] Block make_frame_of(const FrameHeader& header, const T& value) {
  Encoded out{sizeof(FrameHeader)};
  encode(out, value);
  return take_frame(out, header);
}

}  // namespace troupe::detail
