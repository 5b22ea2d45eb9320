// troupe: actors in processes. Apache-2.0, see LICENSE.
// One ZeroMQ socket and the context that all of a process's sockets share: the only unit that knows libzmq.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/wire/block.hpp>

namespace troupe::detail {

/// One part of a message. Valid until the socket's next `receive`: libzmq may have laid it in a buffer that it shares with
/// others, so a kept one of 34 bytes would pin 15 kB.
struct ZmqPart {
  std::span<const std::byte> bytes;
  bool more;  // parts of the same message follow
};

/// What became of a connection, of all that libzmq tells.
enum class ZmqNews : std::uint8_t { connected, opened, ended };

struct ZmqEvent {
  ZmqNews news;
  int descriptor;  // of the connection; only with `connected`
};

/// Of the libzmq that runs, for people.
[[nodiscard]] std::string zmq_version_text();
/// Whether it can do CURVE: some are built without.
[[nodiscard]] bool zmq_has_curve() noexcept;

/// A key pair, each half as 40 characters of Z85.
struct CurveKeys {
  std::string public_half;
  std::string secret_half;
};

/// A new pair.
[[nodiscard]] CurveKeys make_curve_keys();
/// The pair of a secret half; nothing, if it is none.
[[nodiscard]] std::optional<CurveKeys> curve_keys_of(const std::string& secret_half);
/// 32 bytes as 40 characters.
[[nodiscard]] std::string z85_of(std::string_view bytes);

/// What libzmq tells its doorkeeper (see Zap) of endpoints without keys; of the others it tells the public half.
constexpr std::string_view open_domain = "troupe";

/// A socket of the process's one context, which begins with its first socket and ends with its last. Never fork after that.
///
/// Threads: one at a time; a mutex that moves it from one thread to another is enough.
class ZmqSocket {
 public:
  /// A socket that binds, receives and never sends.
  /// @param max_frame_bytes  a peer that announces more loses its connection
  [[nodiscard]] static ZmqSocket router(std::size_t max_frame_bytes, int backlog);
  /// A socket that connects once and only sends.
  [[nodiscard]] static ZmqSocket dealer();
  /// A socket that binds, and answers each message that it receives before the next one.
  [[nodiscard]] static ZmqSocket replier();

  ZmqSocket(ZmqSocket&& other) noexcept;
  ZmqSocket& operator=(ZmqSocket&&) = delete;
  /// Does not wait: what is unsent goes. The connections close soon after, not at once.
  ~ZmqSocket();

  /// Binds to `endpoint`, in libzmq's words.
  /// @param listener  a socket that listens there already and is libzmq's from now on, unless this throws; -1: libzmq makes one
  /// @param keys  only who has them gets in; null: whoever reaches it
  /// @returns the endpoint as bound, a wildcard resolved
  /// @throws Refused  it is taken or can't be had; nothing was bound
  std::string bind(const std::string& endpoint, int listener = -1, const CurveKeys* keys = nullptr);
  /// At once: the endpoint can be bound again.
  void unbind(const std::string& endpoint) noexcept;

  /// Starts to connect; libzmq never tries a second time.
  /// @param keys  the peer has them too, or there is no connection; null: none are asked for
  /// @throws Misuse  libzmq does not understand the endpoint
  void connect(const std::string& endpoint, const CurveKeys* keys = nullptr);

  /// A socket that receives what happens to this one's connection. To be called before `connect`, and its socket to be
  /// closed after `unwatch`: a report that nobody takes would stop libzmq's thread.
  [[nodiscard]] ZmqSocket watch();
  void unwatch() noexcept;

  /// Sends one frame and shares the block until it has left. Never blocks.
  /// @returns false without a connection; nothing was sent
  [[nodiscard]] bool send(const Block& frame);
  /// Sends one message of several parts, if it can be sent now.
  void send_parts(std::initializer_list<std::string_view> parts);

  /// The next part that has come, if any. Never blocks.
  [[nodiscard]] std::optional<ZmqPart> receive();

  /// The next report of a socket that `watch` returned; uninteresting ones are passed over.
  [[nodiscard]] std::optional<ZmqEvent> next_event();

  /// Readable when something may have come since `receive` last returned nothing.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Whether `descriptor` is readable: after an empty `receive`, the cheap way to see that still nothing has come.
  [[nodiscard]] bool signalled() const noexcept;

 private:
  ZmqSocket(std::shared_ptr<void> context, int type);
  void set(int option, int value);
  void set(int option, std::string_view value);
  void require_keys(const CurveKeys* keys);
  void remember(const std::string& endpoint);

  std::shared_ptr<void> context_;  // shared by all sockets of the process: the last one ends it
  void* socket_ = nullptr;
  int descriptor_ = -1;
  alignas(8) std::array<std::byte, 64> message_{};  // a zmq_msg_t
  std::vector<char*> handover_;                     // what tsan is told instead of libzmq's own synchronisation
};

}  // namespace troupe::detail
