// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pipe: two ends, each owned by one process at a time, which is told when the other one is closed or dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/node/bells.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/node.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/pipe_end.hpp>
#include <troupe/patterns/queue.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/message.hpp>

namespace troupe {

/// For a pipe of raw bytes.
using Bytes = std::vector<std::uint8_t>;

enum class Ways : std::uint8_t {
  both,
  one,  // the first end receives, the second sends
};

struct PipeOptions {
  Ways ways = Ways::both;
  /// Messages that may wait in each direction; then senders wait. 1,000: as many as a mailbox holds.
  std::uint64_t capacity = 1000;
  /// An end that was sent away and was not received by then is closed. 30 s: more than a message should wait for its handler.
  Duration claim_within = default_patience;
  /// For people: in errors, and in the line about a call that waits for long.
  std::string name = "pipe";
};

template <class T>
class Connection;

/// Makes a pipe: what is sent at one end is received at the other, in that order. Its owner lives in this node.
/// @throws Misuse  a capacity of zero
/// @throws Closed  the node is ending
template <class T>
[[nodiscard]] std::pair<Connection<T>, Connection<T>> pipe(Node& node, PipeOptions options = {});

/// One end of a pipe. It belongs to one process at a time: as an argument of `start` and in messages it moves there, and is empty
/// here. The end of the object closes it.
///
/// When the other end is closed or its process dies, what had been sent is still received; then comes EndOfStream, whose `cause`
/// is null if it was closed in order. So it does when an end gets lost on its way: because the message could not be sent, its
/// giver was killed, its taker ended, or nobody took it within `claim_within`.
///
/// Lifetime: may outlive the node that made the pipe; then every member throws Closed, or ActorDied if its process died.
/// Threads:  one may receive while another one sends; no more.
/// Empty (default constructed, moved from): every member but `bool` and `close` throws Misuse; sent away: likewise.
template <class T>
class Connection {
 public:
  Connection() noexcept = default;
  Connection(Connection&&) noexcept = default;
  Connection& operator=(Connection&&) noexcept = default;

  // --- Sending. Every call: @throws Closed  the other end is closed or gone; nothing was sent. @throws Misuse  it only receives ---

  /// Sends `item` once there is room. It is encoded before the call returns, and lost if this process is killed before it has left.
  /// @param patience  longest wait for room
  /// @throws Full       no room within `patience`; nothing was sent
  /// @throws Malformed  the item is too large or too deeply nested; nothing was sent
  void send(T item, Duration patience = forever) {
    State& mine = sending();
    try {
      mine.out.put(std::move(item), patience);
      mine.sent = true;
    } catch (const Closed&) {
      mine.end.raise_peer_closed();
    }
  }
  /// The same without waiting. @returns whether it was sent
  [[nodiscard]] bool try_send(T item) { return try_send_for(std::move(item), Duration::zero()); }
  [[nodiscard]] bool try_send_for(T item, Duration patience) {
    State& mine = sending();
    try {
      mine.sent = true;
      return mine.out.try_put_for(std::move(item), patience);
    } catch (const Closed&) {
      mine.end.raise_peer_closed();
    }
  }

  // --- Receiving. Every call: @throws Misuse  it only sends ---

  /// Takes the next item once there is one.
  /// @throws Timeout      nothing came within `patience`
  /// @throws EndOfStream  everything was taken, and the other end is closed or gone
  T recv(Duration patience = forever) {
    State& mine = receiving();
    if (mine.held) return mine.take();
    try {
      return mine.in.get(patience);
    } catch (const EndOfStream&) {
      mine.end.raise_end_of_stream();
    }
  }
  /// The next item, if there is one within `patience`. @throws EndOfStream  as `recv`
  [[nodiscard]] std::optional<T> try_recv() { return try_recv_for(Duration::zero()); }
  [[nodiscard]] std::optional<T> try_recv_for(Duration patience) {
    State& mine = receiving();
    if (mine.held) return mine.take();
    try {
      return mine.in.try_get_for(patience);
    } catch (const EndOfStream&) {
      mine.end.raise_end_of_stream();
    }
  }
  /// The next item once there is one; nothing when the other end was closed. @throws EndOfStream  it is gone, see `cause`
  [[nodiscard]] std::optional<T> next() {
    State& mine = receiving();
    if (mine.held) return mine.take();
    auto item = mine.in.next();
    if (!item && mine.end.cause() != nullptr) mine.end.raise_end_of_stream();
    return item;
  }
  /// Waits for at most `patience`; zero or less: looks. @returns whether `recv` would not wait, but bring an item or EndOfStream
  [[nodiscard]] bool poll(Duration patience = Duration::zero()) {
    State& mine = receiving();
    if (mine.held) return true;
    try {
      mine.held = mine.in.try_get_for(patience);
      return mine.held.has_value();
    } catch (const EndOfStream&) {
      return true;
    }
  }

  // --- Bytes, of a Connection<Bytes> ---

  /// Sends `size` bytes of `bytes`, from `offset` on; all behind it if `size` is left out.
  /// @throws Misuse  there are not so many; nothing was sent. Else as `send`
  void send_bytes(std::span<const std::byte> bytes, std::size_t offset = 0,
                  std::size_t size = std::dynamic_extent) requires std::is_same_v<T, Bytes> {
    if (offset > bytes.size() || (size != std::dynamic_extent && size > bytes.size() - offset))
      throw Misuse{"send_bytes: the bytes do not reach so far"};
    const auto part = bytes.subspan(offset, size);
    const auto* first = reinterpret_cast<const std::uint8_t*>(part.data());
    send(Bytes(first, first + part.size()));
  }
  /// Receives a message into `buffer`, from `offset` on. @returns its size in bytes
  /// @throws Full    it does not fit, and is received next time. Else as `recv`
  /// @throws Misuse  the buffer does not reach to `offset`
  std::size_t recv_into(std::span<std::byte> buffer, std::size_t offset = 0) requires std::is_same_v<T, Bytes> {
    if (offset > buffer.size()) throw Misuse{"recv_into: the buffer does not reach so far"};
    State& mine = receiving();
    if (!mine.held) mine.held = recv();
    const std::size_t size = mine.held->size();
    if (size > buffer.size() - offset) throw Full{"recv_into: the next message of the pipe '" + name() + "' is larger than the buffer"};
    if (size != 0) std::memcpy(buffer.data() + offset, mine.held->data(), size);
    mine.held.reset();
    return size;
  }

  // --- Everything else ---

  /// No more is sent or received here. The other end still receives what was sent. Again: no effect.
  void close() {
    if (state_ == nullptr) return;
    state_->let_go();
    state_->end.close();
  }
  [[nodiscard]] bool closed() const { return state().end.closed(); }
  [[nodiscard]] bool readable() const { return state().end.reads(); }
  [[nodiscard]] bool writable() const { return state().end.writes(); }
  [[nodiscard]] const std::string& name() const { return state().end.name(); }
  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Sends the end away. @throws Misuse, Closed  it was sent away before, or closed
  template <class Archive>
  void save(Archive& archive) const;
  template <class Archive>
  void load(Archive& archive);

  // For `wait_any`: ready when `poll` is true.
  [[nodiscard]] detail::NodeCore& troupe_node() const { return state().end.node(); }
  [[nodiscard]] bool troupe_ready() { return poll(); }
  void troupe_ring(const detail::Bell& bell);

 private:
  template <class Item>
  friend std::pair<Connection<Item>, Connection<Item>> pipe(Node& node, PipeOptions options);

  struct State {
    State(detail::PipeEndOnWire wire, Queue<T> from, Queue<T> to) : end{std::move(wire)}, in{std::move(from)}, out{std::move(to)} {}
    void let_go() {
      held.reset();
      in = {};  // gives back what it has fetched and not received
      out = {};
    }
    T take() {
      T item = std::move(*held);
      held.reset();
      return item;
    }

    detail::PipeEnd end;  // the first: closed behind what the queues have to say
    Queue<T> in, out;
    std::optional<T> held;  // taken by `poll`
    bool sent = false;      // something that may not have arrived yet
  };

  explicit Connection(std::unique_ptr<State> state) noexcept : state_{std::move(state)} {}
  [[nodiscard]] State& state() const {
    if (state_ == nullptr) detail::raise_no_owner("connection");
    return *state_;
  }
  [[nodiscard]] State& receiving() const {
    state().end.check_reads();
    return *state_;
  }
  [[nodiscard]] State& sending() const {
    state().end.check_writes();
    return *state_;
  }

  std::unique_ptr<State> state_;
};

template <class T>
template <class Archive>
void Connection<T>::save(Archive& archive) const {
  if (state_ == nullptr) {
    archive(detail::PipeEndOnWire{});
    return;
  }
  State& mine = *state_;
  mine.end.check_open();
  if (std::exchange(mine.sent, false)) (void)mine.out.size();  // behind what was sent here comes what is sent there
  archive(mine.end.give(), mine.in, mine.out, mine.held);
  mine.let_go();
}

template <class T>
template <class Archive>
void Connection<T>::load(Archive& archive) {
  detail::PipeEndOnWire wire;
  archive(wire);
  state_ = nullptr;
  if (!wire.owner) return;
  state_ = std::make_unique<State>(std::move(wire), Queue<T>{}, Queue<T>{});
  archive(state_->in, state_->out, state_->held);
  state_->end.claim();
}

template <class T>
void Connection<T>::troupe_ring(const detail::Bell& bell) {
  State& mine = receiving();
  if (mine.held) return bell->fulfil(std::monostate{});
  mine.in.troupe_ring(bell);
}

template <class T>
std::pair<Connection<T>, Connection<T>> pipe(Node& node, PipeOptions options) {
  detail::check_message<T>();
  using State = typename Connection<T>::State;
  const QueueOptions queue{.capacity = options.capacity, .name = options.name};
  const Queue<T> forth{node, queue};
  const Queue<T> back{node, queue};
  const bool both = options.ways == Ways::both;
  const auto owner = detail::spawn_pipe_owner(node, forth.queue_owner(), back.queue_owner(), options.claim_within, options.name);
  detail::PipeEndOnWire first{owner, 0, 0, true, both, options.name};
  detail::PipeEndOnWire second{owner, 1, 0, both, true, options.name};
  return {Connection<T>{std::make_unique<State>(std::move(first), back, forth)},
          Connection<T>{std::make_unique<State>(std::move(second), forth, back)}};
}

}  // namespace troupe
