// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/seat.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/letter.hpp>
#include <troupe/node/report.hpp>
#include <troupe/node/session.hpp>

namespace troupe::detail {

namespace {

RemoteCell& remote(const CellPointer& place) { return static_cast<RemoteCell&>(*place); }

/// A message of an actor to its own seat, which is in its own process: beside the mailbox's bound.
class OwnSeatJob final : public Job {
 public:
  OwnSeatJob(LocalCell& cell, const TypeName& type, Encoded payload, Counted<FutureState> asker)
      : cell_{&cell}, type_{type}, payload_{std::move(payload)}, asker_{std::move(asker)} {}
  void run(LocalCell& cell) override {
    if (cell.ending()) return;
    handled_ = true;
    Turn turn{cell, asker_.get(), nullptr, 0, nullptr};
    const auto handlers = cell.behaviour().handlers;
    const auto handler = std::find_if(handlers.begin(), handlers.end(), [&](const auto& each) { return each.type().id == type_.id; });
    try {
      if (handler == handlers.end()) raise(ErrorType::unhandled, cell.label() + " has no handler for " + std::string{type_.name});
      handler->handle(cell.actor(), payload_.view(), turn);
    } catch (...) {
      const auto thrown = describe(std::current_exception());
      asker_ ? turn.fail(thrown) : cell.fail(thrown);
    }
  }
  void dispose() noexcept override {
    if (!handled_ && asker_) asker_->fail(cell_->end_error());
    if (!handled_ && !asker_) cell_->node().dead_letter(type_.name, *cell_);
    delete this;
  }

 private:
  const Counted<LocalCell> cell_;
  const TypeName& type_;
  const Encoded payload_;
  const Counted<FutureState> asker_;
  bool handled_ = false;
};

}  // namespace

/// At a question to the home.
class SeatCell::Arrival final : public Continuation {
 public:
  explicit Arrival(SeatCell& seat) : seat_{&seat} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    const auto occupant = static_cast<TypedState<Occupant>&>(state).result();
    if (occupant) {
      seat_->move(seat_->node().cell_at(occupant->address, occupant->endpoint));
    } else {
      seat_->end(ending_of(occupant.error()));
    }
  }
  void call(FutureState&) override {}

 private:
  const Counted<SeatCell> seat_;
};

/// At the room of a session: goes on sending.
class SeatCell::Room final : public Continuation {
 public:
  explicit Room(SeatCell& seat) : seat_{&seat} {}
  void settled(std::unique_ptr<Continuation>, FutureState&) override { seat_->drain(); }
  void call(FutureState&) override {}

 private:
  const Counted<SeatCell> seat_;
};

SeatCell::SeatCell(NodeCore& node, const Address& address, std::string endpoint, std::string label)
    : Cell{node, Kind::seat, address.actor}, address_{address}, endpoint_{std::move(endpoint)}, label_{std::move(label)} {}

SeatCell::~SeatCell() { node().seats().forget(*this); }

bool SeatCell::at_home() const noexcept { return address_.node == node().id() && address_.node_incarnation == node().incarnation(); }

std::shared_ptr<Session> SeatCell::home() const { return node().links().session(address_, endpoint_); }

// --- Sending --------------------------------------------------------------------------------------------------------------

void SeatCell::tell(const TypeName& type, std::uint64_t sender, Encoded& payload, Duration patience) {
  send({EnvelopeKind::tell, &type, sender, std::move(payload), {}}, patience);
}

void SeatCell::ask(const TypeName& type, std::uint64_t sender, Encoded& payload, FutureState& state, Duration patience) {
  try {
    send({EnvelopeKind::ask, &type, sender, std::move(payload), Counted<FutureState>{&state}}, patience);
  } catch (...) {
    state.fail(describe(std::current_exception()));
    throw;
  }
}

void SeatCell::stop() { send({EnvelopeKind::stop, nullptr, 0, Encoded{message_headroom}, {}}, forever); }

void SeatCell::kill() {
  CellPointer place;
  {
    const std::lock_guard lock{mutex_};
    if (ended_) return;
    if (!occupied()) {
      waiting_.push_front({EnvelopeKind::kill, nullptr, 0, Encoded{message_headroom}, {}});
      if (!at_home()) ask_home();
      return;
    }
    place = place_;
  }
  Waiting message{EnvelopeKind::kill, nullptr, 0, Encoded{message_headroom}, {}};
  (void)try_send(place, message);
}

// Under the mutex.
bool SeatCell::occupied() const {
  if (!place_) return false;
  return place_->local() ? !static_cast<LocalCell&>(*place_).ended() : !remote(place_).session()->ended();
}

void SeatCell::send_here(LocalCell& place, Waiting& message) {
  if (message.kind == EnvelopeKind::stop) {
    place.stop();
  } else if (message.kind == EnvelopeKind::kill) {
    place.kill();
  } else {
    place.post(std::make_unique<OwnSeatJob>(place, *message.type, std::move(message.payload), std::move(message.asker)));
  }
}

void SeatCell::send(Waiting message, Duration patience) {
  const TimePoint until = after(node().clock().now(), patience);
  for (;;) {
    CellPointer place;
    Counted<TypedState<void>> room;
    std::optional<Ending> ended;
    const bool from_thread = context().cell == nullptr && message.type != nullptr;
    if (from_thread && node().draining().refuses(message.type->name)) node().draining().refuse();
    {
      const std::lock_guard lock{mutex_};
      ended = ended_;
      if (!ended && waiting_.empty() && occupied()) {
        place = place_;
      } else if (!ended && waiting_.size() < node().options().mailbox_messages) {
        check_size(message);
        waiting_.push_back(std::move(message));
        drain_locked();
        return;
      } else if (!ended) {
        room = Counted<TypedState<void>>::adopt(TypedState<void>::make(node()));
        senders_.push_back(room);
      }
    }
    if (ended) {
      give_up(message, ended->error);
      return;
    }
    if (room) {
      if (node().wait(*room, until)) continue;
      const std::lock_guard lock{mutex_};
      std::erase(senders_, room);
      raise(ErrorType::full, label_ + " is being restarted, and no more messages can wait for it: nothing was sent");
    }
    if (place->local()) {
      send_here(static_cast<LocalCell&>(*place), message);
      return;
    }
    // The usual way: as to any actor elsewhere.
    Letter letter{.kind = message.kind, .target = place->id(), .type = message.type, .sender = message.sender};
    if (message.asker) {
      letter.ask = node().pending().add(*message.asker, *remote(place).session());
      letter.deadline = message.asker->deadline();
    }
    if (send_from_here(remote(place), letter, message.payload, patience) == nullptr) return;
    if (letter.ask != 0) (void)node().pending().take(letter.ask);
  }
}

// Without waiting.
SeatCell::Sent SeatCell::try_send(const CellPointer& to, Waiting& message) {
  if (to->local()) {
    send_here(static_cast<LocalCell&>(*to), message);
    return Sent::yes;
  }
  RemoteCell& place = remote(to);
  if (message.kind == EnvelopeKind::kill && at_home() && node().children().kill(place)) return Sent::yes;
  if (message.asker && message.asker->claimed()) return Sent::yes;  // nobody waits for the answer any more
  Session& session = *place.session();
  Letter letter{.kind = message.kind, .target = place.id(), .type = message.type, .sender = message.sender};
  if (message.asker) {
    letter.ask = node().pending().add(*message.asker, session);
    letter.deadline = message.asker->deadline();
  }
  const Session::Sent sent = session.try_send(letter, message.payload);
  const bool over = message.asker && message.asker->claimed();
  if (letter.ask != 0 && (sent != Session::Sent::accepted || over)) (void)node().pending().take(letter.ask);
  if (sent == Session::Sent::accepted) return Sent::yes;
  return sent == Session::Sent::no_room ? Sent::no_room : Sent::nobody;
}

void SeatCell::drain() {
  {
    const std::lock_guard lock{mutex_};
    room_awaited_ = false;
    drain_locked();
  }
  node().flush_slice();
}

// What waits has passed this, so that sending it later cannot fail.
void SeatCell::check_size(const Waiting& message) const {
  const std::size_t most = node().options().max_message_bytes;
  if (message.payload.size() > most)
    raise(ErrorType::malformed, "a message of " + std::to_string(message.payload.size()) + " bytes is larger than max_message_bytes (" +
                                    std::to_string(most) + "): nothing was sent");
}

// Under the mutex: sends what waits, as far as there is room, and sees to it that somebody goes on.
void SeatCell::drain_locked() {
  if (room_awaited_) return;
  while (!waiting_.empty()) {
    if (!occupied()) {
      if (!at_home()) ask_home();
      break;
    }
    const Sent sent = try_send(place_, waiting_.front());
    if (sent == Sent::no_room) {
      const auto room = Counted<TypedState<void>>::adopt(TypedState<void>::make(node()));
      room->attach(std::make_unique<Room>(*this));  // before anybody may fulfil it: here it would wait for our own mutex
      room_awaited_ = true;
      if (!remote(place_).session()->await_room(place_->id(), room)) break;
      room_awaited_ = false;
      continue;
    }
    if (sent == Sent::yes) waiting_.pop_front();
  }
  if (waiting_.size() >= node().options().mailbox_messages) return;
  for (auto& sender : std::exchange(senders_, {})) sender->fulfil(std::monostate{});
}

// Under the mutex.
void SeatCell::ask_home() {
  if (std::exchange(asking_, true)) return;
  const auto state = Counted<TypedState<Occupant>>::adopt(TypedState<Occupant>::make(node()));
  state->attach(std::make_unique<Arrival>(*this));
  const auto way = home();
  const std::uint64_t ask = node().pending().add(*state, *way);
  Encoded body{message_headroom};
  encode(body, place_ ? place_->address() : Address{});
  const Letter letter{.kind = EnvelopeKind::where, .target = id(), .ask = ask};
  if (way->try_send(letter, body) == Session::Sent::accepted) return;
  // The answer is settled without the mutex.
  node().callbacks().post([state, way] { state->fail(way->end_reason()); });
}

void SeatCell::give_up(const Waiting& message, const ErrorInfo& reason) const {
  if (message.asker) {
    ErrorInfo not_sent = reason;
    not_sent.executed = Executed::no;
    message.asker->fail(std::move(not_sent));
  } else if (message.kind == EnvelopeKind::tell) {
    node().dead_letter(message.type->name, reason, label_);
  }
}

// --- Who sits here --------------------------------------------------------------------------------------------------------

void SeatCell::move(CellPointer place) {
  std::vector<Question> questions;
  {
    const std::lock_guard lock{mutex_};
    if (ended_) return;
    place_ = std::move(place);
    if (place_) ++occupants_;
    asking_ = false;
    if (occupied()) questions.swap(questions_);
  }
  for (const Question& question : questions) where(question.not_there, question.session, question.ask);
  drain();
}

void SeatCell::end(const Ending& ending) {
  std::deque<Waiting> waiting;
  std::vector<Counted<TypedState<void>>> senders;
  std::vector<Watcher> watchers;
  std::vector<Question> questions;
  {
    const std::lock_guard lock{mutex_};
    if (ended_) return;
    ended_ = ending;
    place_ = {};
    waiting.swap(waiting_);
    senders.swap(senders_);
    watchers.swap(watchers_);
    questions.swap(questions_);
  }
  for (const Waiting& message : waiting) give_up(message, ending.error);
  for (const auto& sender : senders) sender->fulfil(std::monostate{});
  for (const Watcher& watcher : watchers) watcher.tell(ending);
  for (const Question& question : questions) question.session->reply_error(question.ask, ending.error);
  node().flush_slice();
}

std::size_t SeatCell::waiting_messages() {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

std::optional<SeatLine> SeatCell::line() {
  const std::lock_guard lock{mutex_};
  if (ended_) return std::nullopt;
  const Address place = occupied() ? place_->address() : Address{};
  return SeatLine{id() & ~seat_bit, label_, place.node, place.actor, waiting_.size(), occupants_ == 0 ? 0 : occupants_ - 1};
}

void SeatCell::watch(Watcher watcher) {
  std::optional<Ending> ended;
  {
    const std::lock_guard lock{mutex_};
    ended = ended_;
    if (!ended) {
      std::erase_if(watchers_, [](const Watcher& each) { return each.lost_interest(); });
      watchers_.push_back(std::move(watcher));
      return;
    }
  }
  watcher.tell(*ended);
}

void SeatCell::where(const Address& not_there, std::shared_ptr<Session> session, std::uint64_t ask) {
  std::optional<Ending> ended;
  Occupant occupant;
  {
    const std::lock_guard lock{mutex_};
    ended = ended_;
    if (!ended && (!occupied() || place_->address() == not_there)) {
      questions_.push_back({not_there, std::move(session), ask});
      return;
    }
    if (!ended) occupant = {place_->address(), remote(place_).session()->endpoint()};
  }
  if (ended) {
    session->reply_error(ask, ended->error);
    return;
  }
  Encoded body{message_headroom};
  encode(body, occupant);
  session->reply(ask, body);
}

}  // namespace troupe::detail
