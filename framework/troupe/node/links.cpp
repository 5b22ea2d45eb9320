// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/links.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
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
    refuse("a GONE did not come through a host node");
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
      if ((header.flags & frame_unheard) != 0) session->on_unheard();
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

// Whom it carried frames for is told before the next session takes its place.
void Links::replace(const std::shared_ptr<Session>& session, ErrorInfo reason) {
  const auto shared = std::make_shared<const ErrorInfo>(std::move(reason));
  node_.router().session_ended(*session, shared);
  node_.end_session_later(session, shared);
  forget(*session);
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
  if (head && node_.router().job() != hello.job) node_.join(hello.job);
  std::shared_ptr<Session> session = this->session({hello.node, hello.incarnation, 0}, head ? node_.options().join : hello.endpoint);
  if (session->peer_incarnation() != 0 && session->peer_incarnation() != hello.incarnation) {
    // Another life of the same node: the former one is over.
    replace(session, make_error(ErrorType::actor_died, "its process was replaced by another one", Executed::unknown));
    session = this->session({hello.node, hello.incarnation, 0}, hello.endpoint);
  }
  Session::Met met = session->on_hello(header.epoch, hello);
  if (met == Session::Met::given_up) {
    replace(session, make_error(ErrorType::node_lost, "its process has given up this one, to which it had no connection for too long",
                                Executed::unknown));
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

}  // namespace troupe::detail
