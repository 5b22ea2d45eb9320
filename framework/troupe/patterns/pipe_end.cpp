// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pipe_end.hpp>

#include <utility>

#include <troupe/node/passengers.hpp>
#include <troupe/patterns/messenger.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/queue_owner.hpp>

namespace troupe::detail {

namespace {

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

Ref<PipeOwner> spawn_pipe_owner(Node& node, const Ref<QueueOwner>& forth, const Ref<QueueOwner>& back, Duration claim_within,
                                std::string name) {
  const Ref<Presence> maker = this_process(node.core());
  return spawn_owner<PipeOwner>(node, here, PipeOwner::Queues{forth, back}, maker, claim_within, std::move(name));
}

}  // namespace troupe::detail
