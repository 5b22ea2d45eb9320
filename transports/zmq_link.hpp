// troupe: actors in processes. Apache-2.0, see LICENSE.
// A link over a ZeroMQ connection that can break: ipc and tcp.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <troupe/transport/transport.hpp>

#include "transports/zmq_socket.hpp"

namespace troupe::detail {

/// Open from the moment `pump` says so, until it says `ended`. A peer that takes the connection but says nothing (it is
/// stopped, or no node) ends it after 3 s.
class ZmqLink final : public Link {
 public:
  /// @param keys  that the peer must have; null: none
  /// @throws Refused  too few descriptors  @throws Misuse  libzmq does not understand the endpoint
  explicit ZmqLink(const std::string& endpoint, const CurveKeys* keys = nullptr);
  ~ZmqLink() override;

  [[nodiscard]] int descriptor() const override { return reports_.descriptor(); }
  LinkEvent pump() override;
  [[nodiscard]] bool reached() const override { return reached_; }
  bool publish(const Block& frame) override;
  /// Shuts the connection's descriptor down; nothing if it is not connected.
  void cut() override;

 private:
  enum class State : std::uint8_t { dialling, open, ended };

  ZmqSocket dealer_;
  ZmqSocket reports_;
  std::atomic<State> state_{State::dialling};
  bool reached_ = false;
  std::atomic<int> connection_{-1};
  std::atomic<std::uint64_t> inode_{0};  // libzmq may close the descriptor at any time and its number be reused: cut compares
};

}  // namespace troupe::detail
