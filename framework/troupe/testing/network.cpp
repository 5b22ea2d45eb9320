// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/testing/network.hpp>

#include <algorithm>
#include <utility>

#include <troupe/testing/simulation.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {
constexpr Duration longest_silence = std::chrono::seconds{1};  // until a connection or dial that nothing passes through ends
}  // namespace

class Network::MemoryInbox final : public Inbox {
 public:
  MemoryInbox(Network& network, Stand& stand, const InboxOptions& options)
      : network_{network}, stand_{stand}, max_frame_bytes_{options.max_frame_bytes} {}
  ~MemoryInbox() override { network_.close(*this); }

  std::string listen(const std::string& endpoint) override {
    network_.inboxes_[endpoint] = this;
    return endpoint;
  }
  [[nodiscard]] int descriptor() const override { return -1; }
  std::size_t drain(FrameVisitor& visitor, std::size_t budget) override { return network_.drain(*this, visitor, budget); }

  [[nodiscard]] Stand& stand() const noexcept { return stand_; }
  [[nodiscard]] std::size_t max_frame_bytes() const noexcept { return max_frame_bytes_; }

 private:
  Network& network_;
  Stand& stand_;
  const std::size_t max_frame_bytes_;
};

class Network::MemoryLink final : public Link {
 public:
  MemoryLink(Network& network, std::shared_ptr<Connection> connection) : network_{network}, connection_{std::move(connection)} {}
  ~MemoryLink() override { connection_->held = false; }

  [[nodiscard]] int descriptor() const override { return connection_->descriptor; }
  LinkEvent pump() override {
    const LinkEvent news = network_.news_of(*connection_);
    if (news != LinkEvent::none) connection_->told = news;
    return news;
  }
  [[nodiscard]] bool reached() const override { return connection_->reached; }
  bool publish(const Block& frame) override { return network_.publish(*connection_, frame); }
  void cut() override {
    connection_->frames.clear();
    end(*connection_);
  }

 private:
  Network& network_;
  const std::shared_ptr<Connection> connection_;
};

class Network::MemoryTransport final : public Transport {
 public:
  MemoryTransport(Network& network, Stand& stand) : network_{network}, stand_{stand} {}
  std::unique_ptr<Inbox> open_inbox(const InboxOptions& options) override {
    return std::make_unique<MemoryInbox>(network_, stand_, options);
  }
  std::unique_ptr<Link> dial(const std::string& endpoint) override {
    return std::make_unique<MemoryLink>(network_, network_.dial(stand_, endpoint));
  }

 private:
  Network& network_;
  Stand& stand_;
};

std::shared_ptr<Transport> Network::transport_for(Stand& stand) { return std::make_shared<MemoryTransport>(*this, stand); }

// --- Connections ----------------------------------------------------------------------------------------------------------

std::shared_ptr<Network::Connection> Network::dial(Stand& from, const std::string& endpoint) {
  forget_ended();
  auto connection = std::make_shared<Connection>();
  connection->descriptor = ++last_descriptor_;
  connection->from = &from;
  const auto found = inboxes_.find(endpoint);
  if (found != inboxes_.end() && from.living) connection->to = found->second;
  connection->changes = simulation_.clock().now() + simulation_.up_to(faults_.delay_up_to);
  if (apart(*connection)) lose(*connection, longest_silence);
  connections_.push_back(connection);
  return connection;
}

bool Network::apart(const Connection& connection) const {
  return apart_ && connection.to != nullptr && apart_(*connection.from, connection.to->stand());
}

// Brings it up to the present.
void Network::look(Connection& connection) {
  if (connection.state == Connection::State::ended || connection.changes > simulation_.clock().now()) return;
  connection.changes = TimePoint::max();
  if (connection.lost) {
    end(connection);
  } else if (connection.to == nullptr) {
    connection.reached = false;
    end(connection);
  } else {
    connection.state = Connection::State::open;
  }
}

void Network::end(Connection& connection) noexcept {
  connection.state = Connection::State::ended;
  connection.changes = TimePoint::max();
}

void Network::lose(Connection& connection, Duration until_known) {
  if (connection.state == Connection::State::ended || connection.lost) return;
  connection.lost = true;
  connection.changes = simulation_.clock().now() + simulation_.up_to(until_known);
}

LinkEvent Network::news_of(Connection& connection) {
  look(connection);
  if (connection.state == Connection::State::ended) return connection.told == LinkEvent::ended ? LinkEvent::none : LinkEvent::ended;
  return connection.state == Connection::State::open && connection.told == LinkEvent::none ? LinkEvent::opened : LinkEvent::none;
}

bool Network::publish(Connection& connection, const Block& frame) {
  if (connection.state != Connection::State::open || connection.told != LinkEvent::opened) return false;
  if (connection.lost) return true;
  if (connection.to == nullptr || frame.size() > connection.to->max_frame_bytes() || simulation_.chance(faults_.drop)) {
    lose(connection, faults_.delay_up_to);
    return true;
  }
  TimePoint arrives = simulation_.clock().now() + simulation_.up_to(faults_.delay_up_to);
  if (!connection.frames.empty()) arrives = std::max(arrives, connection.frames.back().arrives);
  connection.frames.push_back({frame, arrives});
  if (simulation_.chance(faults_.duplicate)) lose(connection, faults_.delay_up_to);
  return true;
}

void Network::forget_ended() {
  std::erase_if(connections_, [](const auto& each) { return !each->held && each->frames.empty(); });
}

// --- What breaks ----------------------------------------------------------------------------------------------------------

void Network::keep_some(Connection& connection) {
  if (!connection.frames.empty()) connection.frames.resize(simulation_.below(connection.frames.size() + 1));
}

void Network::cut(const Stand& one, const Stand& other) {
  for (const auto& connection : connections_) {
    if (connection->to == nullptr) continue;
    const Stand* to = &connection->to->stand();
    const bool between = (connection->from == &one && to == &other) || (connection->from == &other && to == &one);
    if (!between || connection->state == Connection::State::ended) continue;
    keep_some(*connection);
    end(*connection);
  }
}

void Network::separate(std::function<bool(const Stand&, const Stand&)> apart_now) {
  apart_ = std::move(apart_now);
  for (const auto& connection : connections_)
    if (apart(*connection)) {
      connection->frames.clear();
      lose(*connection, longest_silence);
    }
}

void Network::kill(const Stand& stand) {
  for (const auto& connection : connections_)
    if (connection->from == &stand) {
      keep_some(*connection);
      end(*connection);
    }
  std::vector<MemoryInbox*> inboxes;
  for (const auto& [endpoint, inbox] : inboxes_)
    if (&inbox->stand() == &stand) inboxes.push_back(inbox);
  for (MemoryInbox* inbox : inboxes) close(*inbox);
}

void Network::close(MemoryInbox& inbox) {
  std::erase_if(inboxes_, [&](const auto& each) { return each.second == &inbox; });
  for (const auto& connection : connections_) {
    if (connection->to != &inbox) continue;
    connection->to = nullptr;
    connection->frames.clear();
    if (connection->state == Connection::State::open && !connection->lost) end(*connection);
  }
}

// --- What arrives ---------------------------------------------------------------------------------------------------------

bool Network::frame_waits(const Stand& stand) const {
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& each) {
    return each->to != nullptr && &each->to->stand() == &stand && !each->frames.empty() &&
           each->frames.front().arrives <= simulation_.clock().now();
  });
}

std::size_t Network::drain(MemoryInbox& inbox, FrameVisitor& visitor, std::size_t budget) {
  std::vector<std::shared_ptr<Connection>> from;
  for (const auto& connection : connections_)
    if (connection->to == &inbox) from.push_back(connection);
  const auto nothing_came = [this](const auto& each) {
    return each->frames.empty() || each->frames.front().arrives > simulation_.clock().now();
  };
  for (std::size_t came = 0; came < budget; ++came) {
    std::erase_if(from, nothing_came);
    if (from.empty()) return came;
    Connection& connection = *from[simulation_.below(from.size())];
    const Frame frame = std::move(connection.frames.front());
    connection.frames.pop_front();
    visitor.on_frame(frame.bytes.view(), static_cast<std::uint64_t>(connection.descriptor));
  }
  return budget;
}

std::vector<int> Network::news_for(const Stand& stand) {
  std::vector<int> descriptors;
  for (const auto& connection : connections_)
    if (connection->held && connection->from == &stand && news_of(*connection) != LinkEvent::none)
      descriptors.push_back(connection->descriptor);
  return descriptors;
}

TimePoint Network::next_event() const {
  TimePoint next = TimePoint::max();
  for (const auto& connection : connections_) {
    if (connection->held && connection->from->running) next = std::min(next, connection->changes);
    if (connection->to != nullptr && connection->to->stand().running && !connection->frames.empty())
      next = std::min(next, connection->frames.front().arrives);
  }
  return next;
}

bool Network::anything_under_way() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& each) {
    return (each->held && each->from->running && each->changes != TimePoint::max()) ||
           (each->to != nullptr && each->to->stand().running && !each->frames.empty());
  });
}

}  // namespace troupe::detail
