// troupe: actors in processes. Apache-2.0, see LICENSE.
// The bodies of frames without messages, and how a type is announced.
#pragma once

#include <cstdint>
#include <string>

#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

/// The body of HELLO and HELLO-ACK: who I am and where I stand.
struct Hello {
  NodeId node;
  std::uint64_t incarnation = 0;
  std::uint64_t epoch = 0;  // of the receiver, that the sender has heard of last; 0: none
  std::uint8_t version = wire_version;
  std::string build_id;  // of the program; tasks without a name and local types cross between equal ones only
  std::string endpoint;  // where I listen; empty: I take no connections
  std::int32_t pid = 0;
  std::string host;
  std::uint64_t last_sequence_seen = 0;  // of the receiver's data; what lies behind it is to be sent again
  std::uint64_t given_up = 0;            // epoch of the receiver that former sessions of the sender have heard of last; 0: none
  std::uint64_t job = 0;                 // of several hosts; 0: none, or not known yet
};

/// Why a connection is refused.
enum class RefuseCode : std::uint8_t {
  version = 1,     // another version of the wire
  superseded = 2,  // this incarnation was given up; join anew
  stranger = 3,    // not of our user, or without a known key
  unexpected = 4,  // the destination is somebody else
  broken = 5,      // a gap in the sequence, or bytes that are not what they should be
};

/// The body of REFUSE.
struct Refusal {
  RefuseCode code = RefuseCode::broken;
  std::string text;  // in words, for the log
};

/// In the body of ACK, a list of these: what may be sent to one actor, as totals since the sessions began.
struct Grant {
  std::uint64_t actor = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;  // of envelopes with their headers and padding
};

/// Grants without end, for an actor that is no more: what is sent to it is dead letters.
constexpr std::uint64_t granted_for_ever = UINT64_MAX;

/// The payload of an `announce` envelope: what an index means from here on, over re-dials too.
struct TypeAnnouncement {
  std::uint16_t index = 0;
  std::uint64_t id = 0;
  std::uint64_t digest = 0;
  std::string name;
};

}  // namespace troupe::detail
