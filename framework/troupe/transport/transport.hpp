// troupe: actors in processes. Apache-2.0, see LICENSE.
// How frames leave and reach a node: the interface that transports/ implements, contracts only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <troupe/wire/block.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

/// Takes what an inbox drains.
class FrameVisitor {
 public:
  /// `frame` is valid only inside the call: who keeps it copies it. `connection` is the same number for all frames
  /// of one connection of this inbox, and no other's while it lives. Must not call the inbox.
  virtual void on_frame(std::span<const std::byte> frame, std::uint64_t connection) = 0;

 protected:
  ~FrameVisitor() = default;
};

struct InboxOptions {
  /// Largest frame accepted from a peer, in bytes; a larger one ends its connection. Guards memory against a hostile length.
  std::size_t max_frame_bytes = (64 << 20) + (1 << 16);
  /// Dials that may wait to be accepted.
  int backlog = 100;
  /// tcp without keys (`Transport::use_keys`): loopback addresses only, and only with this.
  bool insecure = false;
};

/// Where a node's frames arrive: one per node, on one or several endpoints.
///
/// Threads: one at a time in `drain`; the caller sees to it. `descriptor` from any.
class Inbox {
 public:
  virtual ~Inbox() = default;  // unbinds; removes what it made in the file system

  /// Binds one more endpoint: `inproc://NAME`, `ipc:///ABSOLUTE/PATH`, `tcp://ADDRESS:PORT` (PORT `*`: a free one).
  /// Not beside `drain`; call `drain` once before the next wait on `descriptor`.
  /// @returns the endpoint that peers dial
  /// @throws Error (misuse) for an endpoint that can't be had (scheme, path too long, not loopback, without `insecure`),
  ///         Error (refused) when somebody living has it; nothing was bound
  virtual std::string listen(const std::string& endpoint) = 0;

  /// A descriptor that epoll may watch: it becomes readable when frames may have come since `drain` last returned
  /// less than its budget. Spurious readiness is possible, a missed frame is not.
  [[nodiscard]] virtual int descriptor() const = 0;

  /// Hands over frames that have come, at most `budget`. Never blocks.
  /// @returns how many came, dropped ones included; fewer than `budget` means that the inbox was read empty
  virtual std::size_t drain(FrameVisitor& visitor, std::size_t budget) = 0;

  /// Frames that came but that no link sends (of several parts, under a name of the peer's own choice): never handed over.
  /// From any thread.
  [[nodiscard]] virtual std::uint64_t dropped() const { return 0; }

  /// Connections of this process's inboxes that were turned away for want of the right key. From any thread, but not beside `listen`.
  [[nodiscard]] virtual std::uint64_t refused() const { return 0; }
};

enum class LinkEvent : std::uint8_t { none, opened, ended };

/// The outgoing connection to one peer, dialled once: who wants another try dials another one.
///
/// Threads: `publish` one at a time (a session calls it under its mutex); `pump` one at a time, beside `publish`.
class Link {
 public:
  /// Closes at once; what the kernel has not taken by then is lost (sessions say BYE and wait for its answer first).
  virtual ~Link() = default;

  /// A descriptor that epoll may watch: readable when `pump` may have news since it last returned `none`. So call `pump` once
  /// before the first wait.
  [[nodiscard]] virtual int descriptor() const = 0;

  /// The next event: `opened` once when frames can be sent, `ended` once when no more can (refused dial, peer gone,
  /// handshake failed). Call until `none`. Never blocks.
  virtual LinkEvent pump() = 0;

  /// Somebody took the dial, whatever became of it; false once `ended` was said: nobody listens there. By who calls `pump`.
  [[nodiscard]] virtual bool reached() const = 0;

  /// Why it makes no sense to dial again; null: it may. Once `ended` was said, by who calls `pump`.
  [[nodiscard]] virtual std::shared_ptr<const ErrorInfo> final_reason() const { return nullptr; }

  /// Sends one frame, in order after those before, and shares the block until it has left. Never blocks.
  /// @returns false if the connection is not open (yet, or any more): nothing was sent
  virtual bool publish(const Block& frame) = 0;

  /// Cuts the connection as a broken cable would, for tests that break things.
  virtual void cut() = 0;
};

/// Makes inboxes and links. One per process: all of a process's sockets share one context, which lives as long as any of them.
///
/// Threads: safe.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::unique_ptr<Inbox> open_inbox(const InboxOptions& options) = 0;
  /// Starts to connect; `pump` tells how it ended.
  /// @throws Error (misuse) for an endpoint that no transport here knows, Error (refused) when this process has too few
  ///         descriptors left; a peer that isn't there is no error here but a link that ends
  virtual std::unique_ptr<Link> dial(const std::string& endpoint) = 0;
  /// From here on tcp is encrypted, and reaches and lets in only who has the key in `directory`, wherever that is. To be called
  /// before tcp is used.
  /// @throws Error (not_found, refused, malformed) there is no key, it is not safe there, or is none
  virtual void use_keys(const std::string& directory) { raise(ErrorType::misuse, "this transport has no use for the key in " + directory); }
  /// The address of this host on the way to `endpoint`, as one to listen on (with a free port). May ask a name server.
  /// @throws Error (misuse) for an endpoint that no other host can have, Error (not_found) when there is no way to it
  [[nodiscard]] virtual std::string near_side(const std::string& endpoint) {
    raise(ErrorType::misuse, "this transport does not reach other hosts: " + endpoint);
  }
  /// Removes endpoints left in `directory` by owners that died; a living one's are not touched. Never throws for what
  /// it may not read or remove: that stays.
  virtual void sweep(const std::string& directory) { static_cast<void>(directory); }
};

/// inproc, ipc and tcp over ZeroMQ. Declared here, defined in transports/: the framework does not know them.
std::shared_ptr<Transport> default_transports();

}  // namespace troupe::detail
