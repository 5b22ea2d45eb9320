// troupe: actors in processes. Apache-2.0, see LICENSE.
// What joins the nodes of a World: connections in memory that delay, break and are cut by a seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/testing/faults.hpp>
#include <troupe/transport/transport.hpp>

namespace troupe::detail {

class Simulation;
struct Stand;

/// Threads: one.
class Network {
 public:
  explicit Network(Simulation& simulation) : simulation_{simulation} {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  [[nodiscard]] std::shared_ptr<Transport> transport_for(Stand& stand);

  void set(const testing::Faults& faults) noexcept { faults_ = faults; }
  /// Breaks the connections between two nodes: some of what is on its way arrives.
  void cut(const Stand& one, const Stand& other);
  /// From now on nothing passes between nodes for which `apart` holds.
  void separate(std::function<bool(const Stand& one, const Stand& other)> apart);
  /// `stand` is no more: some of its last words arrive.
  void kill(const Stand& stand);

  // --- For the course ---

  [[nodiscard]] bool frame_waits(const Stand& stand) const;
  /// The descriptors of links of `stand` that have an event.
  [[nodiscard]] std::vector<int> news_for(const Stand& stand);
  /// When something happens here by itself; the end of time: never.
  [[nodiscard]] TimePoint next_event() const;
  [[nodiscard]] bool anything_under_way() const;

 private:
  class MemoryTransport;
  class MemoryInbox;
  class MemoryLink;
  struct Frame {
    Block bytes;
    TimePoint arrives;
  };
  struct Connection {
    enum class State : std::uint8_t { dialing, open, ended };
    int descriptor = 0;
    Stand* from = nullptr;
    MemoryInbox* to = nullptr;  // null: nobody listens, or no more
    State state = State::dialing;
    TimePoint changes = TimePoint::max();  // when the dial is answered, or the end of a connection that is lost is known
    bool reached = true;
    bool lost = false;  // nothing that is sent from now on arrives
    bool held = true;   // by its link
    LinkEvent told = LinkEvent::none;
    std::deque<Frame> frames;
  };

  std::shared_ptr<Connection> dial(Stand& from, const std::string& endpoint);
  bool publish(Connection& connection, const Block& frame);
  void look(Connection& connection);
  void lose(Connection& connection, Duration until_known);
  static void end(Connection& connection) noexcept;
  void keep_some(Connection& connection);
  [[nodiscard]] bool apart(const Connection& connection) const;
  [[nodiscard]] LinkEvent news_of(Connection& connection);
  [[nodiscard]] std::size_t drain(MemoryInbox& inbox, FrameVisitor& visitor, std::size_t budget);
  void close(MemoryInbox& inbox);
  void forget_ended();

  Simulation& simulation_;
  testing::Faults faults_;
  std::function<bool(const Stand&, const Stand&)> apart_;
  std::map<std::string, MemoryInbox*> inboxes_;  // by endpoint
  std::vector<std::shared_ptr<Connection>> connections_;
  int last_descriptor_ = 0;
};

}  // namespace troupe::detail
