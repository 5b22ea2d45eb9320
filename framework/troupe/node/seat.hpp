// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where the process of a supervised actor is replaced by another: refs to the seat stay valid, whoever sits there.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/wire/encoded.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

struct SeatLine;

/// Marks the numbers of seats among those of actors.
inline constexpr std::uint64_t seat_bit = std::uint64_t{1} << 63U;

/// Who sits in a seat, as it travels.
struct Occupant {
  Address address;
  std::string endpoint;
};

/// Its home is the node of the supervisor, which moves it from one process to the next and at last ends it. Other nodes ask the home
/// where it is when they first send, and again when that process has died. What is sent while nobody sits there waits here, in order:
/// as much as a mailbox holds; then senders wait.
///
/// Lifetime: counted by refs; at home by the supervisor too.
/// Threads: safe.
class SeatCell final : public Cell {
 public:
  SeatCell(NodeCore& node, const Address& address, std::string endpoint, std::string label);
  ~SeatCell();

  [[nodiscard]] const Address& seat_address() const noexcept { return address_; }
  /// Of its home.
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] const std::string& label() const noexcept { return label_; }
  [[nodiscard]] bool at_home() const noexcept;
  /// The way to its home. @pre it is elsewhere
  [[nodiscard]] std::shared_ptr<Session> home() const;

  /// @throws Full  no room within `patience`; nothing was sent
  void tell(const TypeName& type, std::uint64_t sender, Encoded& payload, Duration patience);
  void ask(const TypeName& type, std::uint64_t sender, Encoded& payload, FutureState& state, Duration patience);
  void stop();
  void kill();

  // At home:

  /// `place` sits here from now on; null: nobody for now.
  void move(CellPointer place);
  [[nodiscard]] std::size_t waiting_messages();
  /// How it stands, for who inspects the node; nothing: nobody will sit here any more.
  [[nodiscard]] std::optional<SeatLine> line();
  /// Nobody ever will: what waits ends, watchers are told.
  void end(const Ending& ending);
  void watch(Watcher watcher);
  /// Answers another node once somebody sits here who is not at `not_there`.
  void where(const Address& not_there, std::shared_ptr<Session> session, std::uint64_t ask);

 private:
  class Arrival;
  class Room;
  struct Waiting {
    EnvelopeKind kind;
    const TypeName* type;
    std::uint64_t sender;
    Encoded payload;
    Counted<FutureState> asker;
  };
  struct Question {
    Address not_there;
    std::shared_ptr<Session> session;
    std::uint64_t ask;
  };
  enum class Sent : std::uint8_t { yes, no_room, nobody };

  void send(Waiting message, Duration patience);
  [[nodiscard]] bool occupied() const;
  static void send_here(LocalCell& place, Waiting& message);
  Sent try_send(const CellPointer& to, Waiting& message);
  void drain();
  void drain_locked();
  void check_size(const Waiting& message) const;
  void ask_home();
  void answer(const Question& question) const;
  void give_up(const Waiting& message, const ErrorInfo& reason) const;

  const Address address_;
  const std::string endpoint_;
  const std::string label_;
  std::mutex mutex_;
  CellPointer place_;
  std::uint32_t occupants_ = 0;  // so far
  bool asking_ = false;
  bool room_awaited_ = false;
  std::optional<Ending> ended_;
  std::deque<Waiting> waiting_;
  std::vector<Counted<TypedState<void>>> senders_;  // that wait for room here
  std::vector<Watcher> watchers_;
  std::vector<Question> questions_;
};

}  // namespace troupe::detail
