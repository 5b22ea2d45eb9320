// troupe: actors in processes. Apache-2.0, see LICENSE.
// The doorkeeper of connections with keys: libzmq asks it about each (ZAP, rfc.zeromq.org/spec/27).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "transports/descriptors.hpp"
#include "transports/zmq_socket.hpp"

namespace troupe::detail {

/// Lets in who has the key of the inbox that it knocks at; who comes without a key, by ipc or where that is permitted, is none of
/// its business. Anything that it does not understand is refused, and without it libzmq lets nobody in.
///
/// Lifetime: to be held while an inbox with keys listens; there is one for all.
/// Threads:  safe.
class Zap {
 public:
  [[nodiscard]] static std::shared_ptr<Zap> instance();
  Zap();
  ~Zap();
  Zap(const Zap&) = delete;
  Zap& operator=(const Zap&) = delete;

  /// Connections that it has turned away so far, in this process.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  void run();
  void answer_all();

  ZmqSocket socket_;
  FileDescriptor stop_;
  std::atomic<std::uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace troupe::detail
