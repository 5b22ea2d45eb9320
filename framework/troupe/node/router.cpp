// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/router.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

#include <troupe/node/children.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/node/way.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/packed.hpp>

namespace troupe::detail {

namespace {

/// The link of a session whose frames go through host nodes: there is no connection of its own that could break.
class RoutedLink final : public Link {
 public:
  explicit RoutedLink(Router& router) : router_{router} {}
  [[nodiscard]] int descriptor() const override { return -1; }
  LinkEvent pump() override { return std::exchange(opened_, true) ? LinkEvent::none : LinkEvent::opened; }
  [[nodiscard]] bool reached() const override { return true; }
  bool publish(const Block& frame) override {
    router_.send(frame);
    return true;
  }
  void cut() override {}

 private:
  Router& router_;
  bool opened_ = false;
};

void put_envelope(Block& wrapped, EnvelopeKind kind, std::size_t payload_bytes) {
  EnvelopeHeader header;
  header.kind = kind;
  header.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
  std::memcpy(wrapped.data() + sizeof(FrameHeader), &header, sizeof header);
}

// The payload of a `forward`, with room for a frame's header before it.
Block wrap(std::span<const std::byte> frame) {
  Block wrapped = Block::make(message_headroom + padded(frame.size()));
  wrapped.resize(message_headroom + padded(frame.size()));
  put_envelope(wrapped, EnvelopeKind::forward, frame.size());
  std::memcpy(wrapped.data() + message_headroom, frame.data(), frame.size());
  std::memset(wrapped.data() + message_headroom + frame.size(), 0, padded(frame.size()) - frame.size());
  return wrapped;
}

// The same of a `packed`, if `frame` has messages that are worth it.
Block wrap_for_host(const FrameHeader& header, std::span<const std::byte> frame) {
  Block wrapped = header.kind == FrameKind::data ? pack(frame, message_headroom) : Block{};
  if (!wrapped) return wrap(frame);
  put_envelope(wrapped, EnvelopeKind::packed, wrapped.size() - message_headroom);
  return wrapped;
}

}  // namespace

/// Says now and then to the other host nodes that this one lives, and looks whether they do.
class Router::Beat final : public Timer {
 public:
  explicit Beat(Router& router) : router_{router} { schedule(); }
  ~Beat() { (void)router_.node_.timers().cancel(*this); }
  Beat(const Beat&) = delete;
  Beat& operator=(const Beat&) = delete;
  void fire() override {
    std::vector<std::shared_ptr<Session>> sessions;
    {
      const std::lock_guard lock{router_.mutex_};
      for (const auto& [id, host] : router_.hosts_) sessions.push_back(host.session);
    }
    for (const auto& session : sessions) session->beat();
    schedule();
  }

 private:
  void schedule() { router_.node_.timers().schedule(*this, router_.node_.clock().now() + beat_interval(router_.node_.options())); }
  Router& router_;
};

Router::Router(NodeCore& node) : node_{node} {}
Router::~Router() = default;
void Router::close() noexcept { beat_ = nullptr; }

void Router::be_host_node(std::uint64_t job) {
  host_node_ = {node_.id(), node_.incarnation(), host_agent};
  job_.store(job, std::memory_order_release);
}

void Router::be_process(std::uint64_t job, const Address& host_node, std::string endpoint) {
  host_node_ = host_node;
  host_node_endpoint_ = std::move(endpoint);
  job_.store(job, std::memory_order_release);
}

bool Router::routes(NodeId peer, const std::string& endpoint) const {
  return job() != 0 && peer.host != node_.id().host && way_of(endpoint).job == job();
}

std::unique_ptr<Link> Router::dial() { return std::make_unique<RoutedLink>(*this); }

void Router::send(const Block& frame) {
  if (!is_host_node()) {
    const auto session = node_.links().session(host_node_, host_node_endpoint_);
    (void)session->forward(wrap(frame.view()), Session::Acknowledged::lazily);
    return;
  }
  FrameHeader header;
  std::memcpy(static_cast<void*>(&header), frame.data(), sizeof header);
  hand_on(header, frame.view());
}

bool Router::take(const Session& from, std::span<const std::byte> frame) {
  const FrameHeader header = parse_frame(frame);
  if (header.kind == FrameKind::knock) raise(ErrorType::malformed, "a KNOCK is for who listens, and is not handed on");
  const bool from_host = is_host_node() && from.between_hosts();
  const bool honest =
      is_host_node() ? (from_host ? header.source.host == from.peer().host : header.source == from.peer()) : from.peer() == host_node_.node;
  if (job() == 0 || !honest) raise(ErrorType::refused, "a frame was handed on by who is not on its way");
  if (header.destination == node_.id()) {
    if (is_host_node()) {
      const std::lock_guard lock{mutex_};
      if (header.kind == FrameKind::gone)
        pairs_.erase({header.destination, header.source});
      else
        pairs_.try_emplace({header.destination, header.source}, Incarnations{node_.incarnation(), header.source_incarnation});
    }
    return true;
  }
  if (!is_host_node()) raise(ErrorType::refused, "a frame for another process came here");
  hand_on(header, frame);
  return false;
}

void Router::hand_on(const FrameHeader& header, std::span<const std::byte> frame) {
  const bool outwards = header.destination.host != node_.id().host;
  const NodeId local = outwards ? header.source : header.destination;
  const NodeId remote = outwards ? header.destination : header.source;
  {
    const std::lock_guard lock{mutex_};
    if (header.kind == FrameKind::gone) {
      pairs_.erase({local, remote});
    } else {
      auto& known = pairs_[{local, remote}];
      known = outwards ? Incarnations{header.source_incarnation, header.destination_incarnation}
                       : Incarnations{header.destination_incarnation, header.source_incarnation};
    }
  }
  outwards ? to_host(header, wrap_for_host(header, frame)) : to_process(header, wrap(frame));
}

void Router::to_host(const FrameHeader& header, Block wrapped) {
  {
    const std::lock_guard lock{mutex_};
    const auto found = hosts_.find(header.destination.host);
    if (found != hosts_.end()) {
      Host& host = found->second;
      const Pair pair{header.source, header.destination};
      auto line = std::find_if(host.lines.begin(), host.lines.end(), [&](const Line& each) { return each.pair == pair; });
      if (line == host.lines.end()) line = host.lines.insert(line, Line{pair, {}});
      line->frames.push_back(std::move(wrapped));
      pump(host);
      return;
    }
    pairs_.erase({header.source, header.destination});
  }
  if (header.kind == FrameKind::gone) return;
  say_gone({header.destination, header.destination_incarnation, header.source, header.source_incarnation},
           make_error(ErrorType::node_lost, "its host is not, or no longer, one of the job's", Executed::unknown));
}

void Router::to_process(const FrameHeader& header, Block wrapped) {
  const Talk talk{header.destination, header.destination_incarnation, header.source, header.source_incarnation};
  std::shared_ptr<Session> session = node_.links().find(header.destination);
  if (session == nullptr && header.kind != FrameKind::gone && says_how_it_ended(talk)) return;
  // The child of a process here, which was started beside us: its endpoint is named after it.
  if (session == nullptr && header.kind != FrameKind::gone && header.destination_incarnation != 0)
    session = node_.links().session({header.destination, header.destination_incarnation, 0}, ipc_endpoint(header.destination));
  if (session != nullptr && session->peer_incarnation() == header.destination_incarnation &&
      session->forward(std::move(wrapped), Session::Acknowledged::lazily))
    return;
  if (header.kind == FrameKind::gone) return;
  const auto reason = session == nullptr ? nullptr : session->end_reason();
  say_gone(talk, reason != nullptr ? *reason : make_error(ErrorType::actor_died, "its process has ended", Executed::no));
}

/// At the end of a process of this host: tells the other one of the talk.
class Router::SaysGone final : public Continuation {
 public:
  SaysGone(Router& router, const Talk& talk) : router_{router}, talk_{talk} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    if (const auto ending = static_cast<TypedState<Ending>&>(state).result()) router_.say_gone(talk_, ending->error);
  }
  void call(FutureState&) override {}

 private:
  Router& router_;
  const Talk talk_;
};

// A process that this node has started, and that has said BYE or was lost: its peers hear of it as we do, now or in a moment.
bool Router::says_how_it_ended(const Talk& talk) {
  if (!node_.children().leaves(talk.ended)) return false;
  const auto ended = Counted<TypedState<Ending>>::adopt(TypedState<Ending>::make(node_));
  ended->attach(std::make_unique<SaysGone>(*this, talk));
  return node_.children().how_ended(talk.ended, Watcher{ended});
}

void Router::pump(Host& host) {
  while (!host.lines.empty() && host.session->may_forward()) {
    Line line = std::move(host.lines.front());
    host.lines.pop_front();
    Block frame = std::move(line.frames.front());
    line.frames.pop_front();
    if (!line.frames.empty()) host.lines.push_back(std::move(line));
    (void)host.session->forward(std::move(frame), Session::Acknowledged::soon);
  }
}

void Router::pump(const Session& session) {
  const std::lock_guard lock{mutex_};
  const auto found = hosts_.find(session.peer().host);
  if (found != hosts_.end() && found->second.session.get() == &session) pump(found->second);
}

void Router::add_host(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock{mutex_};
  hosts_[session->peer().host].session = session;
  if (beat_ == nullptr) beat_ = std::make_unique<Beat>(*this);
}

std::shared_ptr<Session> Router::host_of(NodeId process) {
  const std::lock_guard lock{mutex_};
  const auto found = hosts_.find(process.host);
  return found == hosts_.end() ? nullptr : found->second.session;
}

void Router::describe(std::vector<HostLine> hosts) {
  const std::lock_guard lock{mutex_};
  described_ = std::move(hosts);
}

std::vector<HostLine> Router::described() {
  const std::lock_guard lock{mutex_};
  return described_;
}

void Router::supersede(NodeId host_node) {
  const std::lock_guard lock{mutex_};
  superseded_.insert(host_node);
}

bool Router::is_superseded(NodeId host_node) {
  const std::lock_guard lock{mutex_};
  return superseded_.contains(host_node);
}

void Router::session_ended(const Session& session, const std::shared_ptr<const ErrorInfo>& reason) {
  if (job() == 0 || !is_host_node()) return;
  std::vector<Talk> talks;
  {
    const std::lock_guard lock{mutex_};
    const auto found = hosts_.find(session.peer().host);
    const bool host = found != hosts_.end() && found->second.session.get() == &session;
    if (host) hosts_.erase(found);
    for (auto each = pairs_.begin(); each != pairs_.end();) {
      const auto& [local, remote] = each->first;
      const Incarnations& lives = each->second;
      const bool lost = host && remote.host == session.peer().host;
      const bool ended = local == session.peer();
      if (lost) talks.push_back({remote, lives.remote, local, lives.local});
      if (ended) talks.push_back({local, lives.local, remote, lives.remote});
      each = lost || ended ? pairs_.erase(each) : std::next(each);
    }
  }
  for (const Talk& talk : talks) say_gone(talk, *reason);
}

void Router::say_gone(const Talk& talk, const ErrorInfo& reason) {
  if (talk.other == node_.id()) {
    if (const auto session = node_.links().find(talk.ended); session != nullptr && !session->between_hosts())
      node_.end_session_later(session, std::make_shared<const ErrorInfo>(reason));
    return;
  }
  FrameHeader header;
  header.kind = FrameKind::gone;
  header.source = talk.ended;
  header.source_incarnation = std::max<std::uint64_t>(talk.ended_incarnation, 1);
  header.destination = talk.other;
  header.destination_incarnation = talk.other_incarnation;
  header.epoch = 1;
  hand_on(header, make_frame_of(header, reason).view());
}

}  // namespace troupe::detail
