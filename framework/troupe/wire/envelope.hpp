// troupe: actors in processes. Apache-2.0, see LICENSE.
// What goes through a socket: a frame header, then envelopes; the normative byte table stands in FORMAT.md.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace troupe {

/// Which node: random, never used twice. `host` is shared by the processes of one host node.
struct NodeId {
  std::uint64_t host = 0;
  std::uint64_t local = 0;
  auto operator<=>(const NodeId&) const = default;
};

namespace detail {

constexpr std::uint32_t frame_magic = 0x50525404;  // 04 'T' 'R' 'P'
constexpr std::uint8_t wire_version = 1;

enum class FrameKind : std::uint8_t {
  hello = 1,
  hello_ack = 2,
  data = 3,
  ack = 4,
  bye = 5,
  bye_ack = 6,
  refuse = 7,
  gone = 8,   // by a host node: the source has ended, or its host is lost; body: ErrorInfo
  knock = 9,  // HELLO to whoever listens there: dial me; body: Hello
};

/// The sender holds further frames back until this one is acknowledged: do so when the inbox is empty, not later.
constexpr std::uint16_t frame_wants_ack = 1;
/// Of an ack between hosts: the sender has not heard the receiver for a while.
constexpr std::uint16_t frame_unheard = 2;

/// The first 80 bytes of every frame. Integers are little-endian, here and everywhere.
struct FrameHeader {
  std::uint32_t magic = frame_magic;
  std::uint8_t version = wire_version;
  FrameKind kind = FrameKind::data;
  std::uint16_t flags = 0;  // frame_wants_ack of data, frame_unheard of an ack, else 0
  NodeId source;
  std::uint64_t source_incarnation = 0;
  NodeId destination;
  std::uint64_t destination_incarnation = 0;  // 0: not known yet (only in HELLO, KNOCK)
  std::uint64_t epoch = 0;                    // one life of the sender's connection; grows
  std::uint64_t sequence = 0;                 // of data frames, from 1; else the last one sent
  std::uint64_t ack = 0;                      // the last data frame that came from the destination
};
static_assert(sizeof(FrameHeader) == 80);

enum class EnvelopeKind : std::uint8_t {
  tell = 1,      // payload: the message
  ask = 2,       // payload: the message
  reply = 3,     // target: the ask; payload: the value
  error = 4,     // target: the ask; payload: ErrorInfo
  announce = 5,  // type: its index from here on; payload: TypeAnnouncement
  stop = 6,      // ends the target behind what was told before
  kill = 7,      // ends the target at once
  ended = 8,     // target: 0; the sender's process is about to end, because its actor failed; payload: ErrorInfo
  cancel = 9,    // target: an ask of the sender's; if it has not begun, it never does
  watch = 10,    // answered when the target has ended, by an Ending; target 0: the process that the payload, a NodeId, names
  where = 11,    // answered when somebody sits in the target, a seat, who is not at the payload, an Address; by an Occupant
  part = 12,     // of an envelope too large for a frame; target: its place there, ask: bytes of the whole; payload: its bytes
  drain = 13,    // answered, within the remaining time, by what the process of a child has still to do: Findings; target 0
  forward = 14,  // target: 0; payload: a frame on its way between the nodes of two hosts
  inspect = 15,  // answered by what the node has to tell of itself: Report; target 0
  packed = 16,   // target: 0; payload: as of `forward`, packed
};

/// The first 48 bytes of every envelope; it begins at a multiple of 8 in the frame and its payload is padded to one.
/// The receiver may overwrite the first 16 bytes (`target`, `target_incarnation`, `reserved`) once it has read them.
struct EnvelopeHeader {
  std::uint64_t target = 0;  // actor, or the ask that is answered
  std::uint32_t target_incarnation = 0;
  std::uint32_t reserved = 0;
  std::uint32_t payload_bytes = 0;
  std::uint16_t type = 0;  // index announced by the sender
  EnvelopeKind kind = EnvelopeKind::tell;
  std::uint8_t flags = 0;
  std::uint64_t sender = 0;        // actor, 0: a thread
  std::uint64_t ask = 0;           // to be answered under this number, 0: tell
  std::uint32_t remaining_ms = 0;  // of the deadline, when it was sent; 0: none
  std::uint32_t spare = 0;
};
static_assert(sizeof(EnvelopeHeader) == 48);

/// Room at the front of an encoded message, so that a large one becomes a frame without being copied.
constexpr std::size_t message_headroom = sizeof(FrameHeader) + sizeof(EnvelopeHeader);

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

}  // namespace detail
}  // namespace troupe
