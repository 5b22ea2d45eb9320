// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/frame.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace troupe::detail {

namespace {

constexpr auto first_frame_kind = static_cast<std::uint8_t>(FrameKind::hello);
constexpr auto last_frame_kind = static_cast<std::uint8_t>(FrameKind::knock);
constexpr auto first_envelope_kind = static_cast<std::uint8_t>(EnvelopeKind::tell);
constexpr auto last_envelope_kind = static_cast<std::uint8_t>(EnvelopeKind::packed);

[[noreturn]] void refuse_frame(std::string_view why) { throw Malformed{"a frame is malformed: " + std::string{why}}; }
[[noreturn]] void refuse_envelope(std::string_view why) { throw Malformed{"an envelope is malformed: " + std::string{why}}; }

constexpr bool may_lack_destination(FrameKind kind) {
  return kind == FrameKind::hello || kind == FrameKind::refuse || kind == FrameKind::knock;
}

// Which kinds have what; an empty answer means that all is well.
std::string_view fault_in(const EnvelopeHeader& header) {
  const bool answers = header.kind == EnvelopeKind::reply || header.kind == EnvelopeKind::error;
  const bool empty = header.kind == EnvelopeKind::stop || header.kind == EnvelopeKind::kill;
  if (header.kind == EnvelopeKind::ask && header.ask == 0) return "an ask has no number to answer to";
  const bool asks = header.kind == EnvelopeKind::watch || header.kind == EnvelopeKind::where || header.kind == EnvelopeKind::drain ||
                    header.kind == EnvelopeKind::inspect;
  if (asks && header.ask == 0) return "a watch, where, drain or inspect has no number to answer to";
  if (answers && header.target == 0) return "an answer names no ask";
  if (empty && header.payload_bytes != 0) return "a stop or kill has a payload";
  return {};
}

}  // namespace

FrameHeader parse_frame(std::span<const std::byte> frame) {
  FrameHeader header;
  if (frame.size() < sizeof header) refuse_frame("it has " + std::to_string(frame.size()) + " bytes, fewer than a header");
  std::memcpy(static_cast<void*>(&header), frame.data(), sizeof header);
  if (header.magic != frame_magic) refuse_frame("it does not begin with the magic number: not from a troupe node");
  if (header.version != wire_version) {
    throw Refused{"the peer speaks version " + std::to_string(header.version) + " of the wire, this node speaks version " +
                  std::to_string(wire_version)};
  }
  const auto kind = static_cast<std::uint8_t>(header.kind);
  if (kind < first_frame_kind || kind > last_frame_kind) refuse_frame("kind " + std::to_string(kind) + " is unknown");
  const unsigned known_flags = header.kind == FrameKind::ack ? frame_unheard : frame_wants_ack;
  if ((header.flags & ~known_flags) != 0) refuse_frame("its flags have bits that mean nothing");
  if (header.source == NodeId{}) refuse_frame("it names no source");
  if (header.source_incarnation == 0) refuse_frame("its source has no incarnation");
  if (header.destination == NodeId{} && !may_lack_destination(header.kind)) refuse_frame("it names no destination");
  if (header.epoch == 0) refuse_frame("it has no epoch");
  if (header.kind != FrameKind::data) return header;
  if (header.sequence == 0) refuse_frame("it carries data without a sequence");
  if (frame.size() == sizeof header) refuse_frame("it carries data without an envelope");
  return header;
}

std::optional<EnvelopeView> EnvelopeCursor::next() {
  const std::size_t left = frame_.size() - at_;
  if (left == 0) return std::nullopt;

  EnvelopeView view;
  view.offset = std::exchange(at_, frame_.size());  // the end, unless all of it is right
  if (left < sizeof view.header) refuse_envelope("it is cut off in its header");
  std::memcpy(static_cast<void*>(&view.header), frame_.data() + view.offset, sizeof view.header);
  const auto kind = static_cast<std::uint8_t>(view.header.kind);
  if (kind < first_envelope_kind || kind > last_envelope_kind) refuse_envelope("kind " + std::to_string(kind) + " is unknown");
  if (padded(view.header.payload_bytes) > left - sizeof view.header) refuse_envelope("it says it is longer than its frame");
  if (const auto fault = fault_in(view.header); !fault.empty()) refuse_envelope(fault);

  const std::size_t payload = view.offset + sizeof view.header;
  view.payload = frame_.subspan(payload, view.header.payload_bytes);
  at_ = payload + padded(view.header.payload_bytes);
  return view;
}

void end_envelope(Encoded& out, std::size_t place) {
  const std::size_t bytes = out.size() - place - sizeof(EnvelopeHeader);
  if (bytes > UINT32_MAX) {
    out.truncate(place);
    throw Malformed{"a message cannot be sent: it has 4 GiB or more"};
  }
  const std::size_t padding = padded(bytes) - bytes;
  std::memset(out.extend(padding), 0, padding);
  const auto payload_bytes = static_cast<std::uint32_t>(bytes);
  std::memcpy(out.data() + place + offsetof(EnvelopeHeader, payload_bytes), &payload_bytes, sizeof payload_bytes);
}

void append_envelope(Encoded& out, const EnvelopeHeader& header, std::span<const std::byte> payload) {
  const std::size_t place = begin_envelope(out, header);
  out.append(payload.data(), payload.size());
  end_envelope(out, place);
}

Block take_frame(Encoded& out, const FrameHeader& header) {
  Block frame = out.take();
  std::memcpy(frame.data(), &header, sizeof header);
  return frame;
}

Block make_frame(const FrameHeader& header, std::span<const std::byte> body) {
  Block frame = Block::make(sizeof header + body.size());
  frame.resize(sizeof header + body.size());
  std::memcpy(frame.data(), &header, sizeof header);
  if (!body.empty()) std::memcpy(frame.data() + sizeof header, body.data(), body.size());
  return frame;
}

}  // namespace troupe::detail
