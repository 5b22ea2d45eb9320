// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where a ref points: an actor of this process with its mailbox and turns, or the address of one elsewhere.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/counted.hpp>
#include <troupe/node/mailbox.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

class Encoded;
struct TypeName;
struct Ending;
class FutureState;
template <class T>
class TypedState;
class NodeCore;
class Parker;
class Session;
class Supervision;
class Watch;
class Watcher;
class LocalCell;
struct Letter;

/// Whom a message is for, on any node.
struct Address {
  NodeId node;
  std::uint64_t node_incarnation = 0;
  std::uint64_t actor = 0;
  auto operator<=>(const Address&) const = default;
};

/// Lifetime: counted by refs. Threads: safe.
class Cell {
 public:
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  void hold() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  /// @returns false: the last holder has let it go
  [[nodiscard]] bool try_hold() noexcept {
    std::uint32_t holders = references_.load(std::memory_order_relaxed);
    while (holders != 0)
      if (references_.compare_exchange_weak(holders, holders + 1, std::memory_order_relaxed)) return true;
    return false;
  }

  /// An actor of this process, one elsewhere, or a seat: where the actor is replaced.
  enum class Kind : std::uint8_t { local, remote, seat };
  /// The node whose actor it is, or whose view of one elsewhere.
  [[nodiscard]] NodeCore& node() const noexcept { return node_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool local() const noexcept { return kind_ == Kind::local; }
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] Address address() const;

 protected:
  Cell(NodeCore& node, Kind kind, std::uint64_t id) noexcept : node_{node}, id_{id}, kind_{kind} {}
  ~Cell() = default;

 private:
  void destroy() noexcept;

  NodeCore& node_;
  const std::uint64_t id_;
  std::atomic<std::uint32_t> references_{1};
  const Kind kind_;
};

using CellPointer = Counted<Cell>;

/// An actor of another process.
class RemoteCell final : public Cell {
 public:
  RemoteCell(NodeCore& node, std::shared_ptr<Session> session, std::uint64_t id) noexcept;
  ~RemoteCell();
  [[nodiscard]] const std::shared_ptr<Session>& session() const noexcept { return session_; }

 private:
  const std::shared_ptr<Session> session_;
};

/// The turn that is under way: who asked, and how the answer gets there.
struct Turn {
  LocalCell& cell;
  FutureState* asker = nullptr;      // in this process
  std::shared_ptr<Session> session;  // the way to the asker elsewhere
  std::uint64_t ask_id = 0;
  MailNode* received = nullptr;

  [[nodiscard]] bool asked() const noexcept { return asker != nullptr || ask_id != 0; }
  /// The message was decoded: the frame it lay in is released.
  void decoded();
  /// Answers with an error.
  void fail(std::shared_ptr<const ErrorInfo> error) const;
  /// Answers a remote asker with the value that was encoded.
  void reply_encoded(Encoded& payload) const;
};

/// What a message of this process carries beside its payload, which lies behind it.
struct LocalMessage : MailNode {
  /// What can be done to a message of one type for one class of actors.
  struct Operations {
    void (*handle)(void* actor, LocalMessage& message, Turn& turn);  // destroys the message before it returns
    void (*destroy)(LocalMessage& message) noexcept;
    const TypeName& (*type)();
  };
  FutureState* asker;  // a share; null: told

  [[nodiscard]] const Operations& operations() const noexcept { return *reinterpret_cast<const Operations*>(origin); }
};

/// Work of the framework that takes its place in a mailbox.
class Job : public MailNode {
 public:
  Job() noexcept : MailNode{nullptr, MailNode::job} {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  /// In a turn of `cell`. Not called if the actor ends before.
  virtual void run(LocalCell& cell) = 0;
  /// Waits, as messages do, while the actor is made anew.
  [[nodiscard]] virtual bool for_actor() const noexcept { return false; }
  /// The mailbox has no more use for it.
  virtual void dispose() noexcept { delete this; }
};

/// What a cell knows of its actor's class.
struct Behaviour {
  struct Handler {
    const TypeName& (*type)();
    void (*handle)(void* actor, std::span<const std::byte> payload, Turn& turn);
    /// A message of this process, with the payload moved out of `message`, which is of the handler's type.
    LocalMessage& (*make)(void* message, FutureState* asker);
    /// A share of a future for what the handler answers, which then ends `done`, a TypedState<void>.
    FutureState* (*asker)(FutureState& done);
  };
  std::string_view (*name)();
  std::span<const Handler> handlers;
  void (*start)(void* actor);
  void (*stopping)(void* actor);
  void (*destroy)(void* actor) noexcept;
};

/// Something that ends with its actor: a timer, a handler that awaits.
class Attachment {
 public:
  virtual ~Attachment() = default;
  /// In the actor's last turn, while the actor still stands. Once.
  virtual void actor_ends() noexcept = 0;
  /// Work that was begun, and ends by itself.
  [[nodiscard]] virtual bool under_way() const noexcept { return false; }

  std::uint64_t number = 0;  // they end in the order in which they began
};

/// Why an actor is no more.
enum class EndReason : std::uint8_t { normal, failed, killed };

/// An actor of this process.
///
/// Threads: what a turn does by one thread at a time, the one in `run`; pushes from any.
class LocalCell final : public Cell {
 public:
  LocalCell(NodeCore& node, std::uint64_t id, const Behaviour& behaviour, LocalCell* parent, std::uint32_t capacity) noexcept;
  ~LocalCell();

  enum class Run : std::uint8_t { idle, more, ended };
  /// Runs turns, at most `budget` or about a millisecond of them. The caller has what `schedule` was given.
  Run run(unsigned budget);

  /// Gives a new cell its actor; who calls schedules it.
  void set_actor(void* actor) noexcept { actor_ = actor; }
  /// The constructor threw: what was told to it is dead letters, asks end with the cause.
  void abandon(std::shared_ptr<const ErrorInfo> error);

  /// Puts a message into the mailbox or, from a handler whose target is full, into the outbox of the actor whose turn it is.
  /// @param message  owned by the mailbox from here on, whatever happens
  /// @throws Full    no room within `patience`; the message was destroyed
  void deliver(LocalMessage& message, Duration patience);
  /// Sends to an actor elsewhere: at once, or from the outbox of this actor, whose turn it is.
  /// @returns null: accepted; else why the session has ended: nothing was sent
  /// @throws Full  no room within `patience`; nothing was sent
  std::shared_ptr<const ErrorInfo> send(RemoteCell& target, const Letter& letter, Encoded& payload, Duration patience);
  /// Has a message of this actor's outbox room elsewhere: an actor that is paused goes on, one that sleeps looks after it.
  void wake_for_room();
  /// Puts a message of a received frame into the mailbox, beside the bound: its sender has credit.
  /// @returns false: the actor has ended, the message is still the caller's
  bool deliver_received(MailNode& node);
  /// Puts work of the framework into the mailbox. @returns false: the actor has ended
  bool post(std::unique_ptr<Job> job);

  /// Ends the actor behind what the caller told before.
  void stop();
  /// Ends the actor before its next turn.
  void kill();
  /// Ends the actor for good, whatever its supervisor thinks, behind what the caller told before.
  /// @param why  what asks are told from then on; null: that it has stopped
  void end(std::shared_ptr<const ErrorInfo> why);
  /// Of an actor under a supervisor, which then is told that the cell is vacant: ends it before its next turn.
  void halt();
  /// Has a vacant cell make its actor anew.
  void restart();
  /// To be called before anything is told to it: a supervisor decides what becomes of the actor when it ends.
  void supervise(std::unique_ptr<Supervision> supervision);
  /// How often the actor was made anew.
  [[nodiscard]] std::uint32_t incarnation() const noexcept;
  /// To be called in a turn: the actor's failure.
  void fail(std::shared_ptr<const ErrorInfo> error);
  /// To be called in a turn: no further user message is handled, and the actor ends when its children have.
  void begin_end(EndReason reason);
  void child_ended(Cell& child);
  /// Says so in a turn of this actor. From any thread.
  void post_child_ended(CellPointer child);
  void add_child(CellPointer child);
  // To be called in a turn or the constructor:

  void attach(std::shared_ptr<Attachment> attachment);
  void detach(const Attachment& attachment);
  [[nodiscard]] void* actor() const noexcept { return actor_; }
  [[nodiscard]] bool ending() const noexcept { return life_ >= Life::ending; }

  /// Has `watcher` told once how the actor ended; at once, if it has. From any thread.
  void watch(Watcher watcher);
  // To be called in a turn or the constructor:

  /// Has `told` called once, in a turn of this actor, when that of `target` has ended.
  void start_watch(CellPointer target, void (*told)(LocalCell& watcher, const Cell& target, const Ending& ending));
  void end_watches(const Address& target);
  void forget_watch(const Watch& watch, const Address& target);

  [[nodiscard]] bool ended() const noexcept { return mailbox_.closed(); }
  /// What an ask to the ended actor is told.
  [[nodiscard]] ErrorInfo end_error() const;
  [[nodiscard]] Ending how_it_ended() const;
  [[nodiscard]] const Behaviour& behaviour() const noexcept { return behaviour_; }
  [[nodiscard]] std::string label() const;
  [[nodiscard]] LocalCell* parent() const noexcept { return parent_; }

  /// Called once, when the actor has ended.
  std::function<void(EndReason, std::shared_ptr<const ErrorInfo>)>& on_end();
  /// Called in a turn that would begin the end, `kill` excepted. @returns true: the actor ends later, by itself
  std::function<bool(const std::shared_ptr<const ErrorInfo>& why)>& before_end();

  /// What it has to do, beside what waits in the mailbox.
  struct Burden {
    std::uint64_t handled = 0;  // messages so far
    std::uint32_t awaited = 0;  // answers, by its tasks and callbacks
    std::size_t outbox = 0;     // messages
    std::size_t held = 0;       // messages that wait until it is made anew
    std::vector<Counted<LocalCell>> children;
  };
  /// To be called in a turn.
  [[nodiscard]] Burden burden() const;
  /// Odd within a turn; another number in each turn for a message. From any thread.
  [[nodiscard]] std::uint64_t turn() const noexcept { return turns_.load(std::memory_order_relaxed); }
  /// That have room in the mailbox: those that wait, those that are about to be put there, and the one that is handled. From any thread.
  [[nodiscard]] std::uint32_t waiting_messages() const noexcept { return size_.load(); }

  /// What others see of it while it goes on: each figure by itself, not all of one moment.
  struct Sight {
    std::uint64_t handled = 0;  // messages so far
    std::uint64_t waiting = 0;  // messages, without the one that is handled
    bool in_turn = false;
    std::uint32_t incarnation = 0;   // how often it was made anew
    Duration oldest = Duration{-1};  // for how long what waits has done so; negative: not known. See Mailbox::oldest
  };
  /// From any thread.
  [[nodiscard]] Sight sight() const;
  /// Those in this process. From any thread.
  [[nodiscard]] std::vector<Counted<LocalCell>> children() const;
  /// So many messages of other processes were put into the mailbox. To be called by who drains the inbox.
  void came(std::uint32_t messages) noexcept { came_.store(came_.load(std::memory_order_relaxed) + messages, std::memory_order_relaxed); }
  /// It waits for a thread from now on.
  void mark_waiting() noexcept;

 private:
  struct Extras;
  struct Outgoing;
  class WatchJob;
  class EndJob;
  class RestartJob;

  Extras& extras();
  [[nodiscard]] Extras* extras_if_any() const noexcept { return extras_.load(std::memory_order_acquire); }
  [[nodiscard]] bool reserve_room() noexcept;
  void release_room(std::uint32_t messages) noexcept;
  void handled_all_of(std::uint32_t messages) noexcept;
  void put(LocalMessage& message);
  void refuse_draining(LocalMessage& message);
  /// @returns false: the actor has ended, the node is still the caller's
  bool push(MailNode& mail);
  void close_mailbox();
  void wait_for_room(LocalMessage& message, Duration patience);
  void queue(Outgoing message, Duration patience);
  [[nodiscard]] bool send_first(Extras& mine);
  [[nodiscard]] bool await_room_of(Cell& target);
  [[nodiscard]] static bool await_room_of(Cell& target, const Counted<TypedState<void>>& room);
  static void leave_wait_of(Cell& target, const Counted<TypedState<void>>& room);
  void wake_waiting();
  bool await_room(LocalCell& sender);
  bool await_room(Parker& parker);
  bool await_room(const Counted<TypedState<void>>& room);
  void leave_wait(Parker& parker);
  void drain_outbox();
  [[nodiscard]] bool outbox_full() const noexcept;
  [[nodiscard]] bool settle_outbox();
  void arm_outbox_timer(Extras& mine, TimePoint when);
  void handle(MailNode& message);
  void handle_in_turn(MailNode& message);
  void handle_local(LocalMessage& message);
  void handle_received(MailNode& node);
  void discard(MailNode& message);
  void add_watcher(Watcher watcher);
  void tell_watchers();
  void end_attachments() noexcept;
  void end_actor();
  void finish();
  [[nodiscard]] Run end_when_sent();
  void overtake();
  void post_behind(std::unique_ptr<Job> job);
  [[nodiscard]] bool may_begin_again() const noexcept;
  void begin_last_end(std::shared_ptr<const ErrorInfo> why);
  bool vacate();
  void begin_again();
  /// @returns false: it is to be handled now
  bool hold_back(MailNode& message);
  [[nodiscard]] MailNode* next_message();
  void schedule();

  enum class Life : std::uint8_t { starting, living, ending, vacant, ended };
  enum class Overtaking : std::uint8_t { none, halt, kill };  // what does not wait for its place in the mailbox

  // The order keeps what every sender writes and what every turn writes a line of memory apart.
  Mailbox mailbox_;
  std::atomic<std::uint32_t> size_{0};
  const std::uint32_t capacity_;
  void* actor_ = nullptr;
  const Behaviour& behaviour_;
  LocalCell* const parent_;  // outlives us: it ends after its children
  std::atomic<Extras*> extras_{nullptr};

 public:
  /// Runs on the node's own thread, which is that of a process actor.
  bool on_node_thread = false;
  std::atomic<std::uint32_t> callbacks{0};       // of futures, that will run in a turn of this actor
  std::atomic<std::uint32_t> remote_senders{0};  // peers that have credit for it
  LocalCell* run_next = nullptr;                 // in a queue of the executor
  // In the node's list of actors without a parent, guarded by the node:
  LocalCell* next_root = nullptr;
  LocalCell* previous_root = nullptr;

 private:
  std::atomic<Overtaking> overtaking_{Overtaking::none};
  std::atomic<bool> room_wanted_{false};
  Life life_ = Life::starting;
  std::atomic<EndReason> reason_{EndReason::normal};
  std::atomic<std::uint32_t> came_{0};      // in all, from other processes
  std::atomic<std::uint32_t> released_{0};  // in all, of what took its place in `size_`; only turns write here
  Mailbox::Taken taken_;
  std::atomic<std::uint64_t> turns_{0};  // four times what was handled; in a turn one more, in one of a job three
};

/// Sends to an actor elsewhere from whatever the calling thread does: in a turn through that actor's outbox, else it waits.
/// @returns, @throws  as `LocalCell::send`, and Malformed: larger than the largest message; nothing was sent
std::shared_ptr<const ErrorInfo> send_from_here(RemoteCell& target, const Letter& letter, Encoded& payload, Duration patience);

}  // namespace troupe::detail
