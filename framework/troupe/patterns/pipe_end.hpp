// troupe: actors in processes. Apache-2.0, see LICENSE.
// One end of a pipe in the hands of a process: what of it needs no item type.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/patterns/pipe_owner.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

class QueueOwner;

/// As it travels.
struct PipeEndOnWire {
  Ref<PipeOwner> owner;
  std::uint8_t end = 0;
  std::uint64_t move = 0;
  bool reads = true;
  bool writes = true;
  std::string name;
};

/// Threads: one at a time, but for what is said of Connection.
class PipeEnd {
 public:
  /// @param wire  of a new end, or of one that has arrived and is claimed now
  explicit PipeEnd(PipeEndOnWire wire) : wire_{std::move(wire)} {}
  PipeEnd(const PipeEnd&) = delete;
  PipeEnd& operator=(const PipeEnd&) = delete;
  ~PipeEnd() { close(); }

  [[nodiscard]] NodeCore& node() const;
  [[nodiscard]] const std::string& name() const noexcept { return wire_.name; }
  [[nodiscard]] bool reads() const noexcept { return wire_.reads; }
  [[nodiscard]] bool writes() const noexcept { return wire_.writes; }
  [[nodiscard]] bool closed() const noexcept { return state_ == State::closed; }

  /// @throws Misuse  it was sent away, or does not receive. @throws Closed  it was closed here
  void check_reads() const;
  void check_writes() const;
  void check_open() const;

  /// Tells the owner that it has arrived here.
  void claim();
  /// It goes into a message. @throws Misuse, Closed  as above
  [[nodiscard]] PipeEndOnWire give();
  void close() noexcept;

  /// Why the other end is closed; null: in order. @throws Closed, ActorDied  the owner has ended
  [[nodiscard]] std::shared_ptr<const ErrorInfo> cause() const;
  [[noreturn]] void raise_end_of_stream() const;
  [[noreturn]] void raise_peer_closed() const;

 private:
  enum class State : std::uint8_t { open, given, closed };

  PipeEndOnWire wire_;
  State state_ = State::open;
};

/// @returns the owner of a new pipe between the queues, of which the first takes what the first end sends
[[nodiscard]] Ref<PipeOwner> spawn_pipe_owner(Node& node, const Ref<QueueOwner>& forth, const Ref<QueueOwner>& back, Duration claim_within,
                                              std::string name);

}  // namespace troupe::detail
