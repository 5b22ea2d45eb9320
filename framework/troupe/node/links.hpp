// troupe: actors in processes. Apache-2.0, see LICENSE.
// The sessions of a node, and where its frames come in.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/received_frame.hpp>
#include <troupe/node/session.hpp>
#include <troupe/transport/transport.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

/// The HELLO of a child that was started, before it has come.
struct AwaitedHello {
  Counted<TypedState<void>> said;
  std::shared_ptr<Session> session;  // once it was said; it may have ended since
};

/// Threads: `drain` by the leader; the rest from any.
class Links final : public FrameVisitor {
 public:
  explicit Links(NodeCore& node) : node_{node} {}

  void open(std::unique_ptr<Inbox> inbox);
  [[nodiscard]] Inbox& inbox() noexcept { return *inbox_; }
  void close_inbox() { inbox_.reset(); }

  /// The session with the node at `address`; made, not dialled, if there is none.
  [[nodiscard]] std::shared_ptr<Session> session(const Address& address, const std::string& endpoint);
  [[nodiscard]] std::shared_ptr<Session> find(NodeId peer) const;
  [[nodiscard]] std::vector<std::shared_ptr<Session>> all() const;
  void forget(const Session& session);

  /// Reads the inbox, once, up to a budget. @returns whether anything came
  bool drain();
  /// Acknowledges what was read, if the last `drain` emptied the inbox. By the leader.
  void acknowledge();
  /// Fulfilled when `peer` has said HELLO; fails when it never will. For who starts it; an empty id: any other host's node.
  void await_hello(NodeId peer, std::shared_ptr<AwaitedHello> awaited);
  void abandon_hello(NodeId peer, std::shared_ptr<const ErrorInfo> reason);

  [[nodiscard]] std::uint64_t refused_frames() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  struct NodeIdHash {
    std::size_t operator()(const NodeId& id) const noexcept { return id.local ^ (id.host * 0x9E3779B97F4A7C15ULL); }
  };

  void on_frame(std::span<const std::byte> bytes, std::uint64_t connection) override;
  void take(std::span<const std::byte> bytes);
  void on_knock(const FrameHeader& header, std::span<const std::byte> body);
  void on_gone(const FrameHeader& header, ErrorInfo reason);
  void on_hello(const FrameHeader& header, std::span<const std::byte> body);
  void on_bye(Session& session);
  void replace(const std::shared_ptr<Session>& session, ErrorInfo reason);
  void on_data(const FrameHeader& header, std::span<const std::byte> bytes, const std::shared_ptr<Session>& session);
  bool hand_on(std::span<const std::byte> bytes, const Session& session);
  void deliver_all(ReceivedFrame& frame);
  void deliver_part(const EnvelopeHeader& part, std::span<const std::byte> payload, const std::shared_ptr<Session>& session);
  void deliver(EnvelopeHeader& header, ReceivedFrame& frame);
  void deliver_message(EnvelopeHeader& header, ReceivedFrame& frame);
  void deliver_report(Session& asker, std::uint64_t ask);
  void note_came();
  void refuse(std::string why);
  [[nodiscard]] bool is_forgotten(NodeId peer) const;
  [[nodiscard]] bool is_awaited(NodeId peer) const;
  [[nodiscard]] std::uint64_t given_up(const Address& peer) const;
  [[nodiscard]] int handler_for(const Behaviour& behaviour, Session::IncomingType& type);

  NodeCore& node_;
  std::unique_ptr<Inbox> inbox_;
  mutable std::mutex mutex_;
  std::unordered_map<NodeId, std::shared_ptr<Session>, NodeIdHash> sessions_;
  std::unordered_map<NodeId, std::shared_ptr<AwaitedHello>, NodeIdHash> awaited_;

  /// Said BYE, died or was given up lately: what still comes from it surprises nobody.
  struct Forgotten {
    NodeId peer;
    std::uint64_t incarnation;
    std::uint64_t heard;
  };
  std::deque<Forgotten> forgotten_;

  // Of the leader:
  std::shared_ptr<Session> last_session_;
  std::vector<std::shared_ptr<Session>> heard_;  // to be acknowledged when the inbox is empty
  Counted<LocalCell> last_target_;
  std::uint32_t last_came_ = 0;  // messages for it that it was not told of
  const Session* last_sender_ = nullptr;
  std::shared_ptr<Intake> last_intake_;  // of the last sender's messages to the last target
  std::int64_t drain_time_ = 0;
  bool emptied_ = true;

  std::atomic<std::uint64_t> refused_{0};
  RateLimit refusal_log_{std::chrono::seconds{1}};
};

}  // namespace troupe::detail
