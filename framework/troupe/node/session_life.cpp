// troupe: actors in processes. Apache-2.0, see LICENSE.
// The life of a session: connections dialled and lost, BYE, the end.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/node/core.hpp>
#include <troupe/node/session.hpp>
#include <troupe/node/session_later.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>

namespace troupe::detail {

namespace {
constexpr auto first_redial = std::chrono::milliseconds{5};
constexpr unsigned redial_doublings = 7;  // 0.64 s at most between two dials
}  // namespace

Session::Session(NodeCore& node, NodeId peer, std::uint64_t peer_incarnation, std::string endpoint, std::uint64_t given_up)
    : node_{node},
      peer_{peer},
      peer_incarnation_{peer_incarnation},
      endpoint_{std::move(endpoint)},
      kind_{kind_of(node, peer, endpoint_)},
      given_up_{given_up},
      bulk_{kind_ == Kind::direct ? BulkOut::at_once : BulkOut::between_hosts},
      hearing_{node.clock().now()} {}

Session::Kind Session::kind_of(NodeCore& node, NodeId peer, const std::string& endpoint) {
  if (node.router().routes(peer, endpoint)) return Kind::routed;
  const bool other_host = node.router().job() != 0 && peer.host != node.id().host;
  return other_host && node.router().is_host_node() && endpoint.starts_with("tcp://") ? Kind::between_hosts : Kind::direct;
}

Session::~Session() = default;

void Session::send_control(FrameKind kind) {
  FrameHeader filled = header(kind);
  Block frame = Block::make(sizeof filled);
  std::memcpy(frame.data(), &filled, sizeof filled);
  frame.resize(sizeof filled);
  publish(frame);
}

void Session::send_hello() {
  Encoded body{sizeof(FrameHeader)};
  Hello hello = node_.hello(received_.load(std::memory_order_relaxed));
  hello.epoch = incoming_epoch_;
  if (kind_ == Kind::between_hosts) hello.endpoint = node_.tcp_endpoint();
  hello.given_up = given_up_;
  encode(body, hello);
  Block frame = body.take();
  const FrameHeader filled = header(FrameKind::hello);
  std::memcpy(frame.data(), &filled, sizeof filled);
  publish(frame);
}

void Session::connect() {
  const std::lock_guard lock{mutex_};
  if (state_ == State::fresh) dial();
}

void Session::dial() {
  if (state_ == State::fresh) broken_since_ = node_.clock().now();
  state_ = State::dialing;
  if (epoch_ == 0) epoch_ = node_.next_acquaintance() << 32U;
  ++epoch_;
  try {
    link_ = kind_ == Kind::routed ? node_.router().dial() : node_.transport().dial(node_.way_to(endpoint_));
  } catch (const Error& error) {
    node_.end_session_later(shared_from_this(), error.info());
    return;
  }
  node_.watch_link(shared_from_this(), link_->descriptor());
}

// A link is closed by the node's thread, which perhaps looks at it just now.
void Session::retire(std::unique_ptr<Link>& link) {
  if (link == nullptr) return;
  node_.unwatch_link(link->descriptor());
  old_links_.push_back(std::move(link));
}

void Session::redial() {
  if (state_ == State::broken) dial();
}

void Session::pump() {
  for (;;) {
    if (pump_beside()) opened();
    Link* link = nullptr;
    {
      const std::lock_guard lock{mutex_};
      old_links_.clear();
      if (state_ == State::ended || link_ == nullptr) return;
      link = link_.get();
    }
    switch (link->pump()) {
      case LinkEvent::none:
        return;
      case LinkEvent::opened:
        opened();
        break;
      case LinkEvent::ended:
        connection_ended();
        return;
    }
  }
}

void Session::opened() {
  const std::lock_guard lock{mutex_};
  if (state_ != State::dialing) return;
  state_ = State::open;
  was_open_ = true;
  opened_at_ = node_.clock().now();
  redials_ = 0;
  if (refusal_) {
    publish(make_frame_of(header(FrameKind::refuse), *refusal_));
    return;
  }
  send_hello();
  for (const Retained& kept : retained_) {
    // The frame may still be read by a thread of the transport that sends the last connection's copy: copy before changing it.
    FrameHeader before;
    std::memcpy(&before, kept.frame.data(), sizeof before);
    Block again = Block::make(kept.frame.size());
    std::memcpy(again.data(), kept.frame.data(), kept.frame.size());
    again.resize(kept.frame.size());
    before.epoch = epoch_;
    before.destination_incarnation = peer_incarnation_;
    std::memcpy(again.data(), &before, sizeof before);
    publish(again);
  }
  for (const auto& [actor, intake] : intakes_) grants_.push_back(intake->granted());
  if (!grants_.empty()) send_acknowledgement();
  if (bye_wanted_ && bulk_.empty()) send_control(FrameKind::bye);
  if (bye_reason_ != nullptr) {
    send_control(FrameKind::bye_ack);
    node_.end_session_later(shared_from_this(), bye_reason_);
  }
}

void Session::connection_ended() {
  std::shared_ptr<const ErrorInfo> reason;
  {
    const std::lock_guard lock{mutex_};
    if (state_ == State::ended) return;
    const bool refused = state_ == State::dialing && !link_->reached();
    const TimePoint now = node_.clock().now();
    if (state_ == State::open) broken_since_ = now;
    retire(link_);
    state_ = State::broken;
    if (bye_reason_ != nullptr) {
      reason = bye_reason_;
    } else if (refusal_) {
      reason = std::make_shared<const ErrorInfo>(make_error(ErrorType::refused, refusal_->text));
    } else if (refused && (bye_wanted_ || !node_.may_come_back(*this))) {
      ErrorInfo info = make_error(bye_wanted_ ? ErrorType::closed : ErrorType::actor_died, "nobody listens at " + endpoint_ + " any more",
                                  was_open_ ? Executed::unknown : Executed::no);
      info.cause = last_words_;
      reason = std::make_shared<const ErrorInfo>(std::move(info));
    } else if (now - broken_since_ > node_.options().dead_after) {
      reason = std::make_shared<const ErrorInfo>(make_error(ErrorType::node_lost, "no connection to " + endpoint_ + " within dead_after",
                                                            was_open_ ? Executed::unknown : Executed::no));
    } else if (!beside_.empty()) {
      take_beside(beside_.begin());
    } else {
      const auto pause = first_redial * (1U << std::min(redials_++, redial_doublings));
      if (redial_ == nullptr) redial_ = std::make_unique<Later>(*this, &Session::redial);
      redial_->schedule(now + pause + Duration{static_cast<std::int64_t>(node_.random_number() % 1'000'000)});
    }
  }
  if (reason != nullptr) node_.end_session_later(shared_from_this(), std::move(reason));
}

void Session::end(std::shared_ptr<const ErrorInfo> reason) {
  Counted<TypedState<void>> bye;
  Waiting waiting;
  std::vector<std::unique_ptr<Link>> links;
  std::deque<Retained> retained;
  BulkOut bulk{BulkOut::at_once};
  {
    const std::lock_guard lock{mutex_};
    if (state_ == State::ended) return;
    if (open_) seal();
    state_ = State::ended;
    end_reason_ = reason;
    retire(link_);
    retire_beside();
    links.swap(old_links_);
    retained.swap(retained_);
    retained_bytes_ = 0;
    in_flight_ = 0;
    bulk = std::exchange(bulk_, BulkOut{BulkOut::at_once});
    bye = std::move(bye_);
    take_waiting_for_room(waiting);
    for (auto& [actor, credit] : credits_) take_waiting_for(credit, waiting);
    for (const auto& later : {redial_.get(), acknowledgement_.get()})
      if (later != nullptr) later->cancel();
  }
  node_.pending().fail_all(*this, reason);
  if (bye) bye->fulfil(std::monostate{});
  give_up(retained, bulk, *reason);
}

// What was told and not acknowledged has perhaps not arrived: it is counted and named here, where it was sent.
void Session::give_up(const std::deque<Retained>& retained, const BulkOut& bulk, const ErrorInfo& reason) const {
  if (retained.empty() && bulk.empty()) return;
  std::vector<std::string_view> types(outgoing_types_.size());  // nobody announces any more
  for (const auto& [type, index] : outgoing_types_) types[index] = type->name;
  ErrorInfo perhaps = reason;
  perhaps.executed = Executed::unknown;
  const auto note = [&](const EnvelopeHeader& header) {
    const bool last_part = header.kind == EnvelopeKind::part && header.target + header.payload_bytes == header.ask;
    if (last_part) node_.dead_letter("large message", perhaps, endpoint_);
    if (header.kind == EnvelopeKind::tell) node_.dead_letter(types[header.type], perhaps, '#' + std::to_string(header.target));
  };
  for (const Retained& kept : retained) {
    EnvelopeCursor cursor{kept.frame.view()};
    while (const auto envelope = cursor.next()) note(envelope->header);
  }
  bulk.each(note);
}

Counted<TypedState<void>> Session::say_bye() {
  auto done = Counted<TypedState<void>>::adopt(TypedState<void>::make(node_));
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended || state_ == State::fresh) {
    done->fulfil(std::monostate{});
    return done;
  }
  seal();
  bye_ = done;
  bye_wanted_ = true;
  if (bulk_.empty()) send_control(FrameKind::bye);
  return done;
}

namespace {
constexpr std::uint64_t session_of(std::uint64_t epoch) { return epoch >> 32U; }
}  // namespace

Session::Met Session::on_hello(std::uint64_t epoch, const Hello& hello) {
  const std::lock_guard lock{mutex_};
  if (epoch_ != 0 && session_of(hello.given_up) >= session_of(epoch_)) return Met::given_up;
  if (session_of(epoch) <= session_of(given_up_)) return Met::stale;  // its HELLO is to come, when ours has told it
  if (peer_incarnation_ == hello.incarnation && epoch <= incoming_epoch_) return Met::stale;
  if (incoming_epoch_ != 0 && session_of(epoch) != session_of(incoming_epoch_)) return Met::given_up;
  if (hello.epoch != 0 && session_of(hello.epoch) != session_of(epoch_)) return Met::stale;
  incoming_epoch_ = epoch;
  peer_incarnation_ = hello.incarnation;
  ack_wanted_ = true;  // what it sends again may have come already
  return Met::known;
}

std::uint64_t Session::heard() const {
  const std::lock_guard lock{mutex_};
  return std::max(given_up_, incoming_epoch_);
}

// A peer that ends right after its start is heard before our own connection to it is open: the answer waits for that, and the
// peer, which waits for the answer, with it.
void Session::on_bye(std::shared_ptr<const ErrorInfo> reason) {
  const std::lock_guard lock{mutex_};
  if (state_ == State::ended) return;
  if (state_ == State::fresh) dial();
  seal();
  bye_reason_ = std::move(reason);
  if (state_ != State::open) return;
  send_control(FrameKind::bye_ack);
  node_.end_session_later(shared_from_this(), bye_reason_);
}

std::shared_ptr<const ErrorInfo> Session::last_words() const {
  const std::lock_guard lock{mutex_};
  return last_words_;
}

void Session::on_last_words(std::shared_ptr<const ErrorInfo> words) {
  const std::lock_guard lock{mutex_};
  last_words_ = std::move(words);
}

void Session::turn_away(Refusal refusal) {
  const std::lock_guard lock{mutex_};
  refusal_ = std::move(refusal);
  if (state_ == State::fresh) dial();
  if (state_ == State::open) publish(make_frame_of(header(FrameKind::refuse), *refusal_));
}

void Session::on_bye_ack() {
  Counted<TypedState<void>> bye;
  {
    const std::lock_guard lock{mutex_};
    bye = std::move(bye_);
  }
  if (bye) bye->fulfil(std::monostate{});
}

bool Session::connected() const {
  const std::lock_guard lock{mutex_};
  return state_ == State::open;
}

bool Session::ended() const {
  const std::lock_guard lock{mutex_};
  return state_ == State::ended;
}

std::shared_ptr<const ErrorInfo> Session::farewell() const {
  const std::lock_guard lock{mutex_};
  return bye_reason_;
}

std::shared_ptr<const ErrorInfo> Session::end_reason() const {
  const std::lock_guard lock{mutex_};
  return end_reason_;
}

void Session::cut() {
  const std::lock_guard lock{mutex_};
  if (link_ != nullptr) link_->cut();
}

}  // namespace troupe::detail
