// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/links.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/report.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>

namespace troupe::detail {

namespace {
constexpr std::size_t drain_budget = 64;     // frames between two looks at anything else
constexpr std::size_t most_forgotten = 256;  // peers whose last frames may still be on their way
}  // namespace

void Links::open(std::unique_ptr<Inbox> inbox) { inbox_ = std::move(inbox); }

std::shared_ptr<Session> Links::session(const Address& address, const std::string& endpoint) {
  const std::lock_guard lock{mutex_};
  auto& session = sessions_[address.node];
  if (session == nullptr) session = std::make_shared<Session>(node_, address.node, address.node_incarnation, endpoint, given_up(address));
  return session;
}

std::shared_ptr<Session> Links::find(NodeId peer) const {
  const std::lock_guard lock{mutex_};
  const auto found = sessions_.find(peer);
  return found == sessions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Session>> Links::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(sessions_.size());
  for (const auto& [peer, session] : sessions_) sessions.push_back(session);
  return sessions;
}

void Links::forget(const Session& session) {
  const Forgotten forgotten{session.peer(), session.peer_incarnation(), session.heard()};
  const std::lock_guard lock{mutex_};
  const auto found = sessions_.find(session.peer());
  if (found == sessions_.end() || found->second.get() != &session) return;
  sessions_.erase(found);
  forgotten_.push_back(forgotten);
  if (forgotten_.size() > most_forgotten) forgotten_.pop_front();
}

bool Links::is_awaited(NodeId peer) const {
  const std::lock_guard lock{mutex_};
  return awaited_.contains(peer);
}

bool Links::is_forgotten(NodeId peer) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(forgotten_.begin(), forgotten_.end(), [&](const Forgotten& each) { return each.peer == peer; });
}

// Under the mutex.
std::uint64_t Links::given_up(const Address& peer) const {
  const auto same = [&](const Forgotten& each) { return each.peer == peer.node && each.incarnation == peer.node_incarnation; };
  const auto last = std::find_if(forgotten_.rbegin(), forgotten_.rend(), same);
  return last == forgotten_.rend() ? 0 : last->heard;
}

void Links::await_hello(NodeId peer, std::shared_ptr<AwaitedHello> awaited) {
  const std::lock_guard lock{mutex_};
  awaited_[peer] = std::move(awaited);
}

void Links::abandon_hello(NodeId peer, std::shared_ptr<const ErrorInfo> reason) {
  std::shared_ptr<AwaitedHello> awaited;
  {
    const std::lock_guard lock{mutex_};
    const auto found = awaited_.find(peer);
    if (found == awaited_.end()) return;
    awaited = std::move(found->second);
    awaited_.erase(found);
  }
  awaited->said->fail(std::move(reason));
}

void Links::refuse(std::string why) {
  refused_.fetch_add(1, std::memory_order_relaxed);
  refusal_log_.log(LogLevel::warning, "a frame was dropped: " + why);
}

bool Links::drain() {
  drain_time_ = 0;
  const std::size_t came = inbox_->drain(*this, drain_budget);
  note_came();
  last_target_ = {};
  last_intake_ = nullptr;
  emptied_ = came < drain_budget;
  if (emptied_)
    for (const auto& session : heard_)
      if (session->waits_for_acknowledgement()) session->acknowledge();
  return came > 0;
}

void Links::acknowledge() {
  if (!emptied_ || heard_.empty()) return;
  for (const auto& session : heard_) session->acknowledge();
  heard_.clear();
  last_session_ = nullptr;
}

void Links::on_frame(std::span<const std::byte> bytes, std::uint64_t) {
  const ContextScope scope{&node_, nullptr};
  try {
    take(bytes);
  } catch (const Error& error) {
    refuse(error.what());
  } catch (const std::exception& error) {
    refuse(error.what());
  }
}

// A frame that is for this node, or that nobody should have sent here.
void Links::take(std::span<const std::byte> bytes) {
  const FrameHeader header = parse_frame(bytes);
  if (header.kind == FrameKind::knock) {
    on_knock(header, frame_body(bytes));
    return;
  }
  if (header.destination != node_.id() || (header.destination_incarnation != node_.incarnation() && header.destination_incarnation != 0)) {
    refuse("it is for another node, or for an earlier life of this one");
    return;
  }
  if (header.kind == FrameKind::hello) {
    on_hello(header, frame_body(bytes));
    return;
  }
  if (header.kind == FrameKind::gone) {
    on_gone(header, decode<ErrorInfo>(frame_body(bytes)));
    return;
  }
  if (header.kind == FrameKind::refuse) {
    on_gone(header, make_error(ErrorType::node_lost, "refused: " + decode<Refusal>(frame_body(bytes)).text, Executed::unknown));
    return;
  }
  if (last_session_ == nullptr || last_session_->peer() != header.source) {
    last_session_ = find(header.source);
    if (last_session_ == nullptr) {
      if (!is_forgotten(header.source)) refuse("its sender has not said HELLO");
      return;
    }
  }
  const std::shared_ptr<Session> session = last_session_;
  if (header.source_incarnation != session->peer_incarnation()) {
    refuse("it belongs to an earlier life of its sender");
    return;
  }
  if (header.epoch != session->incoming_epoch()) return;  // of a connection that broke: what counts is sent again
  session->on_ack(header.ack);
  if (session->between_hosts()) {
    session->hear();
    node_.router().pump(*session);
  }
  switch (header.kind) {
    case FrameKind::data:
      on_data(header, bytes, session);
      break;
    case FrameKind::ack:
      if (const auto body = frame_body(bytes); !body.empty()) session->on_grants(decode<std::vector<Grant>>(body));
      break;
    case FrameKind::bye:
      on_bye(*session);
      break;
    case FrameKind::bye_ack:
      session->on_bye_ack();
      break;
    default:
      break;
  }
}

void Links::on_gone(const FrameHeader& header, ErrorInfo reason) {
  const auto session = find(header.source);
  const bool by_itself = header.kind == FrameKind::refuse;  // host nodes say it for others, not for each other
  if (session == nullptr || (session->between_hosts() && !by_itself) || session->peer_incarnation() != header.source_incarnation) return;
  node_.end_session_later(session, std::make_shared<const ErrorInfo>(std::move(reason)));
}

// Another host's node wants to join, and does not know us yet.
void Links::on_knock(const FrameHeader& header, std::span<const std::byte> body) {
  const auto hello = decode<Hello>(body);
  if (hello.node != header.source || hello.incarnation != header.source_incarnation || node_.router().job() == 0 ||
      !node_.router().is_host_node() || !hello.endpoint.starts_with("tcp://")) {
    refuse("it knocks where nobody joins");
    return;
  }
  if (node_.router().is_superseded(hello.node)) return;
  session({hello.node, hello.incarnation, 0}, hello.endpoint)->connect();
}

void Links::on_bye(Session& session) {
  const auto last_words = session.last_words();
  ErrorInfo info = last_words != nullptr ? make_error(ErrorType::actor_died, "the process failed", Executed::unknown)
                                         : make_error(ErrorType::closed, "the process has stopped");
  info.cause = last_words;
  session.on_bye(std::make_shared<const ErrorInfo>(std::move(info)));
}

void Links::on_hello(const FrameHeader& header, std::span<const std::byte> body) {
  const auto hello = decode<Hello>(body);
  if (hello.node != header.source || hello.incarnation != header.source_incarnation) {
    refuse("its HELLO contradicts its header");
    return;
  }
  if (node_.router().is_superseded(hello.node)) {
    session({hello.node, hello.incarnation, 0}, hello.endpoint)
        ->turn_away({RefuseCode::superseded, "this host was given up, and must join anew"});
    return;
  }
  if (hello.job != 0 && hello.job != node_.router().job() && node_.router().job() != 0 && hello.endpoint.starts_with("tcp://")) {
    refuse("it comes from a host of another job");
    return;
  }
  const bool head = is_awaited(NodeId{}) && hello.job != 0 && hello.endpoint.starts_with("tcp://");
  if (head) node_.join(hello.job);
  std::shared_ptr<Session> session = this->session({hello.node, hello.incarnation, 0}, head ? node_.options().join : hello.endpoint);
  if (session->peer_incarnation() != 0 && session->peer_incarnation() != hello.incarnation) {
    // Another life of the same node: the former one is over.
    node_.end_session_later(session, std::make_shared<const ErrorInfo>(
                                         make_error(ErrorType::actor_died, "its process was replaced by another one", Executed::unknown)));
    forget(*session);
    session = this->session({hello.node, hello.incarnation, 0}, hello.endpoint);
  }
  Session::Met met = session->on_hello(header.epoch, hello);
  if (met == Session::Met::given_up) {
    node_.end_session_later(
        session,
        std::make_shared<const ErrorInfo>(make_error(
            ErrorType::node_lost, "its process has given up this one, to which it had no connection for too long", Executed::unknown)));
    forget(*session);
    session = this->session({hello.node, hello.incarnation, 0}, hello.endpoint);
    met = session->on_hello(header.epoch, hello);
  }
  if (session->between_hosts()) {
    session->hear();
    node_.router().add_host(session);
  }
  if (met == Session::Met::known) session->on_ack(hello.last_sequence_seen);
  session->connect();
  if (met == Session::Met::stale) return;
  last_session_ = session;
  heard_.push_back(session);
  std::shared_ptr<AwaitedHello> awaited;
  {
    const std::lock_guard lock{mutex_};
    auto found = awaited_.find(hello.node);
    if (found == awaited_.end() && session->between_hosts()) found = awaited_.find(NodeId{});
    if (found != awaited_.end()) {
      awaited = std::move(found->second);
      awaited_.erase(found);
    }
  }
  if (awaited == nullptr) return;
  awaited->session = std::move(session);
  awaited->said->fulfil(std::monostate{});
}

void Links::on_data(const FrameHeader& header, std::span<const std::byte> bytes, const std::shared_ptr<Session>& session) {
  if (std::find(heard_.begin(), heard_.end(), session) == heard_.end()) heard_.push_back(session);
  switch (session->on_sequence(header.sequence, bytes.size(), (header.flags & frame_wants_ack) != 0)) {
    case Session::Sequence::duplicate:
      return;
    case Session::Sequence::gap:
      refuse("frames before it are missing");
      node_.end_session_later(session, std::make_shared<const ErrorInfo>(
                                           make_error(ErrorType::actor_died, "frames from its process are missing", Executed::unknown)));
      return;
    case Session::Sequence::next:
      break;
  }
  if (hand_on(bytes, *session)) return;
  ReceivedFrame* frame = ReceivedFrame::copy(bytes, session);
  deliver_all(*frame);
  frame->unpin();
}

// A frame of two other nodes is alone in its own, and is copied where it goes.
// @returns false: `bytes` hold something else
bool Links::hand_on(std::span<const std::byte> bytes, const Session& session) {
  const auto first = EnvelopeCursor{bytes}.next();
  if (first->header.kind != EnvelopeKind::forward) return false;
  if (node_.router().take(session, first->payload)) take(first->payload);
  return true;
}

void Links::deliver_all(ReceivedFrame& frame) {
  try {
    EnvelopeCursor cursor{frame.bytes()};
    while (const auto envelope = cursor.next()) deliver(*reinterpret_cast<EnvelopeHeader*>(frame.bytes().data() + envelope->offset), frame);
  } catch (const Error& error) {
    refuse(error.what());
  }
}

void Links::deliver_part(const EnvelopeHeader& part, std::span<const std::byte> payload, const std::shared_ptr<Session>& session) {
  Block whole = session->incoming_bulk().add(part, payload.data(), node_.options().max_message_bytes);
  if (!whole) return;
  ReceivedFrame* frame = ReceivedFrame::over(std::move(whole), session);
  EnvelopeHeader header;
  std::memcpy(static_cast<void*>(&header), frame->bytes().data() + sizeof(FrameHeader), sizeof header);
  if (header.kind == EnvelopeKind::part || header.kind == EnvelopeKind::announce) {
    refuse("a message in parts may not be made of such envelopes");
  } else {
    deliver_all(*frame);
  }
  frame->unpin();
}

void Links::deliver(EnvelopeHeader& header, ReceivedFrame& frame) {
  const std::span<const std::byte> payload{reinterpret_cast<const std::byte*>(&header + 1), header.payload_bytes};
  Session& session = *frame.session();
  switch (header.kind) {
    case EnvelopeKind::tell:
    case EnvelopeKind::ask:
      deliver_message(header, frame);
      return;
    case EnvelopeKind::reply:
      if (const auto asker = node_.pending().take(header.target)) asker->fulfil_encoded(payload);
      return;
    case EnvelopeKind::error:
      if (const auto asker = node_.pending().take(header.target))
        asker->fail(std::make_shared<const ErrorInfo>(decode<ErrorInfo>(payload)));
      return;
    case EnvelopeKind::announce: {
      auto announced = decode<TypeAnnouncement>(payload);
      auto& types = session.incoming_types();
      if (announced.index > types.size()) raise(ErrorType::malformed, "a type is announced out of turn");
      if (announced.index == types.size()) types.emplace_back();
      types[announced.index] = {announced.id, announced.digest, std::move(announced.name), nullptr, -1};
      return;
    }
    case EnvelopeKind::stop:
      if (const auto cell = node_.find(header.target)) cell->stop();
      return;
    case EnvelopeKind::kill:
      if (const auto cell = node_.find(header.target)) {
        if (cell->on_node_thread) ::kill(::getpid(), SIGKILL);  // its parent, on another host, cannot
        cell->kill();
      }
      return;
    case EnvelopeKind::where:
      if (const auto seat = node_.seats().find(header.target)) {
        seat->where(decode<Address>(payload), frame.session(), header.ask);
      } else {
        session.reply_error(header.ask, make_error(ErrorType::closed, "the supervised actor has ended"));
      }
      return;
    case EnvelopeKind::cancel:
      session.on_cancel(header.target);
      return;
    case EnvelopeKind::watch:
      if (header.target != 0) {
        node_.watch(header.target, Watcher{frame.session(), header.ask});
      } else {
        node_.how_ended(decode<NodeId>(payload), Watcher{frame.session(), header.ask});
      }
      return;
    case EnvelopeKind::part:
      deliver_part(header, payload, frame.session());
      return;
    case EnvelopeKind::drain:
      if (node_.parent_session == frame.session())
        node_.draining().look_for(frame.session(), header.ask, std::chrono::milliseconds{header.remaining_ms});
      else
        session.reply_error(header.ask, make_error(ErrorType::refused, "a process is drained by its parent only"));
      return;
    case EnvelopeKind::forward:
      refuse("a frame that is handed on must be alone in its own");
      return;
    case EnvelopeKind::inspect:
      deliver_report(session, header.ask);
      return;
    case EnvelopeKind::ended:
      session.on_last_words(std::make_shared<const ErrorInfo>(decode<ErrorInfo>(payload)));
      return;
  }
}

void Links::deliver_report(Session& asker, std::uint64_t ask) {
  note_came();
  Encoded body{message_headroom};
  encode(body, encode_report(report_to(asker, node_)));
  asker.reply(ask, body);
}

// The actors count what came by themselves no oftener than needed: they are read by other threads.
void Links::note_came() {
  if (last_came_ != 0) last_target_->came(std::exchange(last_came_, 0));
}

// The handler's index; -1: none takes the type.
int Links::handler_for(const Behaviour& behaviour, Session::IncomingType& type) {
  if (type.behaviour == &behaviour) return type.handler;
  type.behaviour = &behaviour;
  type.handler = -1;
  for (std::size_t i = 0; i < behaviour.handlers.size(); ++i)
    if (behaviour.handlers[i].type().id == type.id) type.handler = static_cast<int>(i);
  return type.handler;
}

void Links::deliver_message(EnvelopeHeader& header, ReceivedFrame& frame) {
  Session& session = *frame.session();
  const std::uint64_t bytes = credit_bytes(header.payload_bytes);
  const auto fail = [&](ErrorInfo error) {
    if (last_intake_ != nullptr && last_intake_->refuse(bytes)) session.grant(*last_intake_);
    if (header.ask != 0) {
      session.reply_error(header.ask, error);
    } else {
      const auto& types = session.incoming_types();
      const std::string target = last_target_ ? last_target_->label() : '#' + std::to_string(header.target);
      node_.dead_letter(header.type < types.size() ? types[header.type].name : "message", error, target);
    }
  };
  if (!last_target_ || last_target_->id() != header.target || last_sender_ != &session) {
    note_came();
    last_target_ = node_.find(header.target);
    last_sender_ = &session;
    last_intake_ = last_target_ ? session.intake(*last_target_) : nullptr;
  }
  if (!last_target_) {
    session.actor_gone(header.target);
    fail(make_error(ErrorType::closed, "the actor has stopped"));
    return;
  }
  LocalCell& cell = *last_target_;
  if (header.type >= session.incoming_types().size()) {
    fail(make_error(ErrorType::malformed, "the message's type was not announced"));
    return;
  }
  Session::IncomingType& type = session.incoming_types()[header.type];
  const int handler = handler_for(cell.behaviour(), type);
  if (handler < 0) {
    fail(make_error(ErrorType::unhandled, cell.label() + " has no handler for " + type.name));
    return;
  }
  const TypeName& ours = cell.behaviour().handlers[static_cast<std::size_t>(handler)].type();
  if (ours.digest != type.digest) {
    fail(make_error(ErrorType::refused,
                    std::string{ours.name} + " is another struct in the sender's program than in " + cell.label() + "'s"));
    return;
  }
  const std::uint32_t remaining = header.remaining_ms;
  auto& message = reinterpret_cast<ReceivedMessage&>(header);
  message.handler = static_cast<std::uint16_t>(handler);
  message.deadline = 0;
  if (remaining != 0) {
    if (drain_time_ == 0) drain_time_ = node_.clock().now().time_since_epoch().count();
    message.deadline = drain_time_ + std::int64_t{remaining} * 1'000'000;
  }
  message.intake = last_intake_.get();
  message.node.origin = reinterpret_cast<std::uintptr_t>(&frame) | MailNode::frame;
  frame.pin();
  if (!cell.deliver_received(message.node)) {
    frame.unpin();
    last_intake_ = nullptr;
    session.actor_gone(cell.id());
    fail(cell.end_error());
    return;
  }
  ++last_came_;
}

}  // namespace troupe::detail
