// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a node tells of itself to who inspects it: its actors, links and dead letters, and how that travels between builds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

class NodeCore;
class Session;

// These structs cross between builds as FORMAT.md says: none ever changes. What is to be told in addition becomes a part of its own.

/// The process, and its node as a whole.
struct NodeFacts {
  NodeId node;
  std::uint64_t incarnation = 0;
  std::int32_t pid = 0;
  std::string host;
  std::string process;
  NodeId parent;  // 0: it was started by no node
  std::string build_id;
  std::string endpoint;
  std::int64_t uptime_ns = 0;        // of the node; the time of this report
  std::uint64_t threads = 0;         // that run turns, at most
  std::uint64_t blocked = 0;         // handlers that wait
  std::uint64_t actors = 0;          // all of them
  std::uint64_t dropped_frames = 0;  // that made no sense
};

/// An actor of the process.
struct ActorLine {
  std::uint64_t number = 0;
  std::uint32_t type = 0;     // index in `types`
  std::uint64_t waiting = 0;  // messages in the mailbox, without the one that is handled
  std::uint64_t handled = 0;  // messages so far
  std::uint32_t restarts = 0;
  bool in_turn = false;         // a handler runs, or is stuck
  std::int64_t oldest_ms = -1;  // for how long what waits has done so; negative: nothing does, or it is not known
};

/// A place of this node's supervisors, where processes of one actor follow each other.
struct SeatLine {
  std::uint64_t number = 0;  // without the mark of seats
  std::string label;
  NodeId place;               // of who sits there; 0: nobody just now
  std::uint64_t actor = 0;    // there
  std::uint64_t waiting = 0;  // messages, until somebody does
  std::uint32_t restarts = 0;
};

/// The way to another node.
struct LinkLine {
  NodeId peer;
  std::string endpoint;
  std::string state;                       // in a word, for people
  std::uint64_t epoch = 0;                 // of our connection; 0: none was dialled
  std::uint64_t unacknowledged_bytes = 0;  // or not sent yet
  std::uint64_t redials = 0;
};

/// A message that reached nobody.
struct DeadLetterLine {
  std::string message;  // its type
  std::string target;
  std::uint8_t reason = 0;  // an Errc
  std::string text;
  std::int64_t ago_ms = 0;
};

/// A host of the troupe, as a host node knows it.
struct HostLine {
  std::string name;
  NodeId node;
  std::string endpoint;
  std::uint64_t slots = 0;
  std::vector<std::string> labels;
  std::string state;  // in a word, for people
  double load = 0;    // of the last minute, for each core
};

struct NodeReport {
  NodeFacts facts;
  std::vector<std::string> types;  // of the actors
  std::vector<ActorLine> actors;   // if there are more than `most_actor_lines`, those with the fullest mailboxes
  std::vector<SeatLine> seats;
  std::vector<LinkLine> links;                    // but the one to who asks
  std::vector<std::uint64_t> dead_letters;        // by Errc
  std::vector<DeadLetterLine> last_dead_letters;  // the newest first
  std::vector<HostLine> hosts;
};

/// A report stays small enough for one frame, so that nobody waits behind it.
constexpr std::size_t most_actor_lines = 8192;

/// How a report travels. Later versions append parts; who reads passes over those that it does not know.
struct EncodedReport {
  std::uint16_t version = 1;
  std::vector<std::vector<std::uint8_t>> parts;
};

[[nodiscard]] EncodedReport encode_report(const NodeReport& report);
/// What is not there is left empty.
/// @throws Malformed  a part is not what it should be
[[nodiscard]] NodeReport decode_report(const EncodedReport& encoded);

/// What `node` has to tell `asker`. Takes 0.2 us for each actor. By who drains the inbox.
[[nodiscard]] NodeReport report_to(const Session& asker, NodeCore& node);

/// A question that is under way.
struct AskedReport {
  std::shared_ptr<Session> session;
  Counted<TypedState<EncodedReport>> answer;  // ends without one when the session does, not by time
};
/// Asks the node that listens at `endpoint`. Does not block.
[[nodiscard]] AskedReport ask_for_report(NodeCore& here, NodeId node, const std::string& endpoint);

}  // namespace troupe::detail
