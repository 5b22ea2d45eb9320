// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pipe_end.hpp>

#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/passengers.hpp>
#include <troupe/patterns/owner.hpp>

namespace troupe::detail {

namespace {

/// Says one thing to an owner without keeping who wants it said: from an outbox that outlives it, and without a dead letter if the
/// owner has ended.
template <class M>
class Messenger final : public Actor<Messenger<M>, M> {
 public:
  Messenger(Ref<PipeOwner> to, M message) : to_{std::move(to)}, message_{std::move(message)} {}
  void on(const M&) {}

 private:
  void on_start() override {
    (void)to_.ask(std::move(message_));
    this->stop();
  }
  const Ref<PipeOwner> to_;
  M message_;
};

template <class M>
void send_messenger(const Ref<PipeOwner>& owner, const M& message) {
  NodeCore& node = owner.pointer()->node();
  const ContextScope outside_of_actors{&node, nullptr};
  auto make = [&] { return make_actor<Messenger<M>>(owner, message); };
  ConstructionOf<Messenger<M>, decltype(make)> construction{make};
  (void)spawn_here(node, behaviour_of<Messenger<M>>(), construction);
}

// Without waiting: it may be the thread that reads the inbox, or a destructor.
template <class M>
void post(const Ref<PipeOwner>& owner, const M& message) {
  const ContextScope outside_of_actors{&owner.pointer()->node(), nullptr};
  try {
    owner.tell(message, Duration::zero());
  } catch (const Full&) {
    send_messenger(owner, message);
  }
}

// Its end has closed the pipe: what it is told now would be a dead letter.
bool has_ended(const Cell& owner) {
  if (owner.local()) return static_cast<const LocalCell&>(owner).ended();
  return owner.kind() == Cell::Kind::remote && static_cast<const RemoteCell&>(owner).session()->ended();
}

/// Rings when a future ends, whatever it brings.
class RingBells final : public Continuation {
 public:
  explicit RingBells(std::shared_ptr<Bells> bells) noexcept : bells_{std::move(bells)} {}
  void settled(std::unique_ptr<Continuation>, FutureState&) override { bells_->ring(); }
  void call(FutureState&) override {}

 private:
  const std::shared_ptr<Bells> bells_;
};

}  // namespace

NodeCore& PipeEnd::node() const { return wire_.owner.pointer()->node(); }

void PipeEnd::check_open() const {
  if (state_ == State::given) throw Misuse{"this end of the pipe '" + name() + "' was sent away: it belongs to who receives it"};
  if (state_ == State::closed) throw Closed{"this end of the pipe '" + name() + "' was closed"};
}

void PipeEnd::check_reads() const {
  check_open();
  if (!reads()) throw Misuse{"this end of the pipe '" + name() + "' sends and does not receive"};
}

void PipeEnd::check_writes() const {
  check_open();
  if (!writes()) throw Misuse{"this end of the pipe '" + name() + "' receives and does not send"};
}

void PipeEnd::claim() { post(wire_.owner, PipeClaim{wire_.end, wire_.move, this_process(node())}); }

PipeEndOnWire PipeEnd::give() {
  check_open();
  PipeEndOnWire given = wire_;
  ++given.move;
  post(given.owner, PipeGive{given.end, given.move, this_process(node())});
  state_ = State::given;
  board([owner = given.owner, end = given.end, move = given.move](const CellPointer& to) {
    try {
      if (to) {
        send_messenger(owner, PipeGoesTo{end, move, Ref<Presence>{to}});
      } else {
        send_messenger(owner, PipeLost{end, move});
      }
    } catch (const Error&) {  // then the end is closed when nobody has claimed it in time
    }
  });
  return given;
}

void PipeEnd::close() noexcept {
  if (state_ != State::open) return;
  state_ = State::closed;
  if (has_ended(*wire_.owner.pointer())) return;
  try {
    post(wire_.owner, PipeClose{wire_.end, wire_.move});
  } catch (...) {  // the owner or this node has ended, and with it the pipe
  }
}

std::shared_ptr<const ErrorInfo> PipeEnd::cause() const {
  const PipeLooks looks = wire_.owner.ask(PipeLook{}).get();
  const auto& cause = looks.causes[wire_.end == 0 ? 1 : 0];
  return cause ? std::make_shared<const ErrorInfo>(*cause) : nullptr;
}

void PipeEnd::raise_end_of_stream() const {
  ErrorInfo error = make_error(ErrorType::end_of_stream, "");
  error.cause = cause();
  error.what = "the other end of the pipe '" + name() + (error.cause == nullptr ? "' was closed" : "' is gone");
  raise(std::move(error));
}

void PipeEnd::raise_peer_closed() const {
  ErrorInfo error = make_error(ErrorType::closed, "");
  error.cause = cause();
  error.what = "the other end of the pipe '" + name() + (error.cause == nullptr ? "' was closed" : "' is gone") + ": nothing was sent";
  raise(std::move(error));
}

void PipeEnd::ring_when(FutureState& ready, const std::shared_ptr<Bells>& bells) { ready.attach(std::make_unique<RingBells>(bells)); }

Ref<PipeOwner> spawn_pipe_owner(Node& node, PipeOwner::Queues queues, Duration claim_within, std::string name) {
  const Ref<Presence> maker = this_process(node.core());
  return spawn_owner<PipeOwner>(node, here, std::move(queues), maker, claim_within, std::move(name));
}

}  // namespace troupe::detail
