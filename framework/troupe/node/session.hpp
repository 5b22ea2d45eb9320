// troupe: actors in processes. Apache-2.0, see LICENSE.
// The way from this node to one other: batches, sequence numbers, what is kept until it is acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <troupe/node/bulk.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/credit.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/hearing.hpp>
#include <troupe/node/letter.hpp>
#include <troupe/node/window.hpp>
#include <troupe/transport/transport.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/block.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/name.hpp>

namespace troupe::detail {

class NodeCore;
struct Behaviour;
struct Hello;
struct LinkLine;

/// One life of the acquaintance of two nodes: ends for ever when the peer stops or dies; a connection may break and be dialled
/// anew within it.
///
/// Threads: sending members from any; receiving members (`on_...`) by the thread that drains the inbox.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// @param given_up  epoch of the peer that former sessions have heard of last; 0: there was none, or it is forgotten
  Session(NodeCore& node, NodeId peer, std::uint64_t peer_incarnation, std::string endpoint, std::uint64_t given_up);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] NodeId peer() const noexcept { return peer_; }
  [[nodiscard]] std::uint64_t peer_incarnation() const noexcept { return peer_incarnation_; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  enum class Kind : std::uint8_t {
    direct,         // to a node of this host, or of another program
    routed,         // to a node of another host, through the host nodes
    between_hosts,  // from host node to host node
  };
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool between_hosts() const noexcept { return kind_ == Kind::between_hosts; }

  /// Puts a message behind those before. Returns once it lies in the session; blocks while that has no room.
  /// @param payload  encoded behind `message_headroom`; its memory may be taken
  /// @returns null: accepted; else why the session has ended: nothing was sent
  /// @throws Full       no room within `patience`; nothing was sent
  /// @throws Malformed  larger than the largest message; nothing was sent
  [[nodiscard]] std::shared_ptr<const ErrorInfo> send(const Letter& letter, Encoded& payload, Duration patience);
  /// @throws Malformed  larger than the largest message
  void check_size(std::size_t payload) const;
  enum class Sent : std::uint8_t { accepted, no_room, ended };
  /// The same without waiting. @returns `no_room`, `ended`: nothing was sent, the payload is as it was
  [[nodiscard]] Sent try_send(const Letter& letter, Encoded& payload);
  /// Has `sender`, in whose outbox messages for `actor` lie, woken when there is room. @returns true: there is some now
  [[nodiscard]] bool await_room(std::uint64_t actor, LocalCell& sender);
  /// The same for who waits for `room`.
  [[nodiscard]] bool await_room(std::uint64_t actor, const Counted<TypedState<void>>& room);
  /// Gives up waiting.
  void leave_wait(std::uint64_t actor, const Counted<TypedState<void>>& room);
  /// Answers; uses room that the ask has reserved, and goes with the thread's next flush.
  void reply(std::uint64_t ask, Encoded& payload);
  void reply_error(std::uint64_t ask, const ErrorInfo& error);

  /// Tells the peer that nobody waits for the answer to `ask` any more.
  void cancel(std::uint64_t ask);
  /// Sends what lies in the open frame.
  void flush();
  /// The same, if nothing is under way whose acknowledgement would do so.
  void flush_if_quiet();

  // --- Of other nodes' frames ---

  enum class Acknowledged : std::uint8_t { soon, lazily };
  /// Sends a frame on its way between two other nodes, whatever room there is: they have no more under way than theirs allows.
  /// @param wrapped  an envelope with room for a frame's header before it
  /// @returns false: the session has ended, nothing was sent
  bool forward(Block wrapped, Acknowledged acknowledged);
  /// Whether the peer acknowledges fast enough for more of them. @pre between hosts
  [[nodiscard]] bool may_forward() const;
  /// Now and then, between hosts: says that this node lives, and ends the session of one that has not been heard for `dead_after`.
  void beat();
  /// The peer, which is heard, does not hear this node.
  void on_unheard();
  /// A frame has come. By the leader.
  void hear() noexcept { heard_.store(true, std::memory_order_relaxed); }

  // --- Life ---

  /// Dials, unless a connection is open or being opened.
  void connect();
  /// The connection's events; by the node's thread.
  void pump();
  /// No more is sent or answered; everything pending ends with `reason`.
  void end(std::shared_ptr<const ErrorInfo> reason);
  /// Sends everything, then BYE. @returns fulfilled by the peer's BYE-ACK or the session's end
  [[nodiscard]] Counted<TypedState<void>> say_bye();
  /// Tells the peer, who has dialled, that it is refused; nothing else is ever sent.
  void turn_away(Refusal refusal);
  [[nodiscard]] bool ended() const;
  /// A connection is open just now.
  [[nodiscard]] bool connected() const;
  [[nodiscard]] std::shared_ptr<const ErrorInfo> end_reason() const;
  /// How the peer's process ends, as it has said itself; null: it has not said BYE.
  [[nodiscard]] std::shared_ptr<const ErrorInfo> farewell() const;
  /// For people: what has not reached the peer; empty: nothing. Answers that the connection has taken count as arrived.
  [[nodiscard]] std::string unsent() const;
  /// How it stands, for who inspects the node.
  [[nodiscard]] LinkLine line() const;
  /// Cuts the connection, for tests.
  void cut();

  // --- Receiving ---

  struct IncomingType {
    std::uint64_t id = 0;
    std::uint64_t digest = 0;
    std::string name;
    const Behaviour* behaviour = nullptr;  // for which `handler` was looked up last
    int handler = -1;
  };

  /// The account of what the peer sends to `cell`. @returns null: the actor has ended
  [[nodiscard]] std::shared_ptr<Intake> intake(LocalCell& cell);
  /// To be called when `take` or `refuse` said so.
  void grant(Intake& intake);
  /// `actor` is no more: what the peer sends it needs no credit.
  void actor_gone(std::uint64_t actor);
  /// The same by the actor itself, whose mailbox is closed and empty: nothing points to its account any more.
  void close_intake(std::uint64_t actor);
  void on_grants(const std::vector<Grant>& grants);

  enum class Met : std::uint8_t {
    known,
    stale,     // said on a connection that broke, or by or to a session that was before these
    given_up,  // by a new session of the peer: this one is over
  };
  [[nodiscard]] Met on_hello(std::uint64_t epoch, const Hello& hello);
  /// The epoch of the peer that this session or those before it have heard of last; 0: none.
  [[nodiscard]] std::uint64_t heard() const;
  void on_ack(std::uint64_t ack);
  enum class Sequence : std::uint8_t { next, duplicate, gap };
  /// Whether a data frame of the peer is the one that is due; counts it as received.
  Sequence on_sequence(std::uint64_t sequence, std::size_t bytes, bool wants_ack);
  /// The peer sends no more. The session ends for `reason` once the answer is on its way.
  void on_bye(std::shared_ptr<const ErrorInfo> reason);
  void on_bye_ack();
  void on_cancel(std::uint64_t ask);
  /// Whether the peer has cancelled `ask`, which is about to begin. From any thread.
  [[nodiscard]] bool take_cancelled(std::uint64_t ask);
  /// The inbox was read empty: acknowledges what deserves it.
  void acknowledge();
  /// So much came that its sender is stopped by what it may keep: the handlers of all that would take too long.
  [[nodiscard]] bool waits_for_acknowledgement() const noexcept { return unacknowledged_bytes_ >= bulk_bytes; }
  [[nodiscard]] std::uint64_t incoming_epoch() const noexcept { return incoming_epoch_; }
  std::vector<IncomingType>& incoming_types() noexcept { return incoming_types_; }
  BulkIn& incoming_bulk() noexcept { return incoming_bulk_; }
  /// What the peer said about its end, before it ended; null: nothing.
  [[nodiscard]] std::shared_ptr<const ErrorInfo> last_words() const;
  void on_last_words(std::shared_ptr<const ErrorInfo> words);

 private:
  enum class State : std::uint8_t { fresh, dialing, open, broken, ended };
  [[nodiscard]] static Kind kind_of(NodeCore& node, NodeId peer, const std::string& endpoint);
  struct Retained {
    Block frame;
    std::uint64_t sequence;
    bool wants_ack;
  };
  static constexpr std::size_t bulk_bytes = 16 << 10;  // not a lone message
  class Later;
  /// Who waited for room that is there now. Woken when it goes out of scope, without the mutex.
  struct Waiting {
    Waiting() = default;
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::vector<Counted<TypedState<void>>> threads;
    std::vector<Counted<Cell>> senders;
  };

  void append(const Letter& letter, Encoded& payload);
  void send_bulk();
  [[nodiscard]] bool must_queue(const Letter& letter) const noexcept;
  void append_small(const EnvelopeHeader& header, std::span<const std::byte> payload);
  std::uint16_t announce(const TypeName& type);
  void make_room(std::size_t bytes);
  void seal();
  void retain(Block frame, bool wants_ack);
  void publish(const Block& frame);
  [[nodiscard]] FrameHeader header(FrameKind kind) const;
  void send_control(FrameKind kind);
  void send_hello();
  void dial();
  void redial();
  void dial_beside();
  [[nodiscard]] bool pump_beside();
  void take_beside(std::vector<std::unique_ptr<Link>>::iterator chosen);
  void retire_beside();
  void retire(std::unique_ptr<Link>& link);
  void opened();
  void connection_ended();
  void accept(const Letter& letter, Encoded& payload, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool has_room() const noexcept;
  [[nodiscard]] Credit& credit_for(std::uint64_t actor);
  [[nodiscard]] bool may_send(const Letter& letter, std::size_t payload);
  void wait_for_room(const Letter& letter, std::unique_lock<std::mutex>& lock, TimePoint until);
  void take_waiting_for_room(Waiting& waiting);
  static void take_waiting_for(Credit& credit, Waiting& waiting);
  void send_acknowledgement();
  void acknowledge_later();
  void acknowledge_now();
  void give_up(const std::deque<Retained>& retained, const BulkOut& bulk, const ErrorInfo& reason) const;

  NodeCore& node_;
  const NodeId peer_;
  std::uint64_t peer_incarnation_;
  const std::string endpoint_;
  const Kind kind_;
  const std::uint64_t given_up_;

  mutable std::mutex mutex_;
  State state_ = State::fresh;
  std::unique_ptr<Link> link_;
  std::vector<std::unique_ptr<Link>> beside_;  // further dials to a silent peer: the first to open is the connection
  TimePoint opened_at_{};
  std::vector<std::unique_ptr<Link>> old_links_;  // replaced, destroyed by the node's thread
  std::uint64_t epoch_ = 0;
  bool was_open_ = false;
  TimePoint broken_since_{};  // while it is neither new nor open
  unsigned redials_ = 0;
  std::unique_ptr<Later> redial_;
  std::shared_ptr<const ErrorInfo> end_reason_;

  Block open_;  // the frame that is being filled; empty or with a header's room
  bool open_wants_ack_ = false;
  std::size_t last_frame_bytes_ = 0;
  std::deque<Retained> retained_;
  std::size_t retained_bytes_ = 0;
  BulkOut bulk_;
  std::uint64_t last_sequence_ = 0;
  std::size_t in_flight_ = 0;  // retained frames that want an ack
  std::unordered_map<const TypeName*, std::uint16_t> outgoing_types_;
  const TypeName* last_type_ = nullptr;
  std::uint16_t last_type_index_ = 0;
  std::vector<Counted<TypedState<void>>> waiting_threads_;  // for the peer's acknowledgements
  std::vector<Counted<Cell>> waiting_senders_;
  std::unordered_map<std::uint64_t, Credit> credits_;  // by actor of the peer
  std::uint64_t last_credited_ = 0;
  Credit* last_credit_ = nullptr;
  Counted<TypedState<void>> bye_;
  bool bye_wanted_ = false;
  std::shared_ptr<const ErrorInfo> bye_reason_;  // of the peer's BYE, which is answered as soon as there is a connection
  std::shared_ptr<const ErrorInfo> last_words_;
  std::optional<Refusal> refusal_;
  Hearing hearing_;  // between hosts
  Window window_;
  std::unique_ptr<Later> acknowledgement_;
  bool acknowledges_later_ = false;
  std::atomic<bool> heard_{false};

  std::uint64_t incoming_epoch_ = 0;
  std::atomic<std::uint64_t> received_{0};  // the last data frame of the peer
  std::uint64_t acknowledged_ = 0;          // what we told it last
  std::size_t unacknowledged_bytes_ = 0;
  bool ack_wanted_ = false;
  std::vector<IncomingType> incoming_types_;
  BulkIn incoming_bulk_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Intake>> intakes_;  // by actor of ours
  std::vector<Grant> grants_;                                           // for the next ACK
  std::unordered_set<std::uint64_t> cancelled_;
  std::atomic<bool> any_cancelled_{false};
};

}  // namespace troupe::detail
