// troupe: actors in processes. Apache-2.0, see LICENSE.
// What becomes of a data frame that came: its envelopes reach mailboxes, pending asks, or the next node.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/node/links.hpp>
#include <troupe/node/report.hpp>
#include <troupe/node/watch.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/limits.hpp>
#include <troupe/wire/packed.hpp>

namespace troupe::detail {

void Links::on_data(const FrameHeader& header, std::span<const std::byte> bytes, const std::shared_ptr<Session>& session) {
  if (std::find(heard_.begin(), heard_.end(), session) == heard_.end()) heard_.push_back(session);
  switch (session->on_sequence(header.sequence, bytes.size(), (header.flags & frame_wants_ack) != 0)) {
    case Session::Sequence::duplicate:
      return;
    case Session::Sequence::gap:
      refuse("frames before it are missing");
      node_.end_session_later(session, std::make_shared<const ErrorInfo>(
                                           make_error(ErrorType::actor_died, "frames from its process are missing", Executed::unknown)));
      return;
    case Session::Sequence::next:
      break;
  }
  if (hand_on(bytes, *session)) return;
  ReceivedFrame* frame = ReceivedFrame::copy(bytes, session);
  deliver_all(*frame);
  frame->unpin();
}

// A frame of two other nodes is alone in its own, and is copied where it goes.
// @returns false: `bytes` hold something else
bool Links::hand_on(std::span<const std::byte> bytes, const Session& session) {
  const auto first = EnvelopeCursor{bytes}.next();
  if (first->header.kind != EnvelopeKind::forward && first->header.kind != EnvelopeKind::packed) return false;
  const Block unpacked = first->header.kind == EnvelopeKind::packed ? unpack(first->payload, largest_frame_bytes) : Block{};
  const std::span<const std::byte> frame = unpacked ? unpacked.view() : first->payload;
  if (!node_.router().take(session, frame)) return true;
  const FrameHeader header = parse_frame(frame);
  if (header.kind == FrameKind::gone) {
    on_gone(header, decode<ErrorInfo>(frame_body(frame)));
  } else {
    take(frame);
  }
  return true;
}

void Links::deliver_all(ReceivedFrame& frame) {
  try {
    EnvelopeCursor cursor{frame.bytes()};
    while (const auto envelope = cursor.next()) deliver(*reinterpret_cast<EnvelopeHeader*>(frame.bytes().data() + envelope->offset), frame);
  } catch (const Error& error) {
    refuse(error.what());
  }
}

void Links::deliver_part(const EnvelopeHeader& part, std::span<const std::byte> payload, const std::shared_ptr<Session>& session) {
  Block whole = session->incoming_bulk().add(part, payload.data(), node_.options().max_message_bytes);
  if (!whole) return;
  ReceivedFrame* frame = ReceivedFrame::over(std::move(whole), session);
  EnvelopeHeader header;
  std::memcpy(static_cast<void*>(&header), frame->bytes().data() + sizeof(FrameHeader), sizeof header);
  if (header.kind == EnvelopeKind::part || header.kind == EnvelopeKind::announce) {
    refuse("a message in parts may not be made of such envelopes");
  } else {
    deliver_all(*frame);
  }
  frame->unpin();
}

void Links::deliver(EnvelopeHeader& header, ReceivedFrame& frame) {
  const std::span<const std::byte> payload{reinterpret_cast<const std::byte*>(&header + 1), header.payload_bytes};
  Session& session = *frame.session();
  switch (header.kind) {
    case EnvelopeKind::tell:
    case EnvelopeKind::ask:
      deliver_message(header, frame);
      return;
    case EnvelopeKind::reply:
      if (const auto asker = node_.pending().take(header.target)) asker->fulfil_encoded(payload);
      return;
    case EnvelopeKind::error:
      if (const auto asker = node_.pending().take(header.target))
        asker->fail(std::make_shared<const ErrorInfo>(decode<ErrorInfo>(payload)));
      return;
    case EnvelopeKind::announce: {
      auto announced = decode<TypeAnnouncement>(payload);
      auto& types = session.incoming_types();
      if (announced.index > types.size()) raise(ErrorType::malformed, "a type is announced out of turn");
      if (announced.index == types.size()) types.emplace_back();
      types[announced.index] = {announced.id, announced.digest, std::move(announced.name), nullptr, -1};
      return;
    }
    case EnvelopeKind::stop:
      if (const auto cell = node_.find(header.target)) cell->stop();
      return;
    case EnvelopeKind::kill:
      if (const auto cell = node_.find(header.target)) {
        if (cell->on_node_thread) ::kill(::getpid(), SIGKILL);  // its parent, on another host, cannot
        cell->kill();
      }
      return;
    case EnvelopeKind::where:
      if (const auto seat = node_.seats().find(header.target)) {
        seat->where(decode<Address>(payload), frame.session(), header.ask);
      } else {
        session.reply_error(header.ask, make_error(ErrorType::closed, "the supervised actor has ended"));
      }
      return;
    case EnvelopeKind::cancel:
      session.on_cancel(header.target);
      return;
    case EnvelopeKind::watch:
      if (header.target != 0) {
        node_.watch(header.target, Watcher{frame.session(), header.ask});
      } else {
        node_.how_ended(decode<NodeId>(payload), Watcher{frame.session(), header.ask});
      }
      return;
    case EnvelopeKind::part:
      deliver_part(header, payload, frame.session());
      return;
    case EnvelopeKind::drain:
      if (session.peer() == node_.owner)
        node_.draining().look_for(frame.session(), header.ask, std::chrono::milliseconds{header.remaining_ms});
      else
        session.reply_error(header.ask, make_error(ErrorType::refused, "a process is drained by who has started it only"));
      return;
    case EnvelopeKind::forward:
    case EnvelopeKind::packed:
      refuse("a frame that is handed on must be alone in its own");
      return;
    case EnvelopeKind::inspect:
      deliver_report(session, header.ask);
      return;
    case EnvelopeKind::ended:
      session.on_last_words(std::make_shared<const ErrorInfo>(decode<ErrorInfo>(payload)));
      return;
  }
}

void Links::deliver_report(Session& asker, std::uint64_t ask) {
  note_came();
  Encoded body{message_headroom};
  encode(body, encode_report(report_to(asker, node_)));
  asker.reply(ask, body);
}

// The actors count what came by themselves no oftener than needed: they are read by other threads.
void Links::note_came() {
  if (last_came_ != 0) last_target_->came(std::exchange(last_came_, 0));
}

// The handler's index; -1: none takes the type.
int Links::handler_for(const Behaviour& behaviour, Session::IncomingType& type) {
  if (type.behaviour == &behaviour) return type.handler;
  type.behaviour = &behaviour;
  type.handler = -1;
  for (std::size_t i = 0; i < behaviour.handlers.size(); ++i)
    if (behaviour.handlers[i].type().id == type.id) type.handler = static_cast<int>(i);
  return type.handler;
}

void Links::deliver_message(EnvelopeHeader& header, ReceivedFrame& frame) {
  Session& session = *frame.session();
  const std::uint64_t bytes = credit_bytes(header.payload_bytes);
  const auto fail = [&](ErrorInfo error) {
    if (last_intake_ != nullptr && last_intake_->refuse(bytes)) session.grant(*last_intake_);
    if (header.ask != 0) {
      session.reply_error(header.ask, error);
    } else {
      const auto& types = session.incoming_types();
      const std::string target = last_target_ ? last_target_->label() : '#' + std::to_string(header.target);
      node_.dead_letter(header.type < types.size() ? types[header.type].name : "message", error, target);
    }
  };
  if (!last_target_ || last_target_->id() != header.target || last_sender_ != &session) {
    note_came();
    last_target_ = node_.find(header.target);
    last_sender_ = &session;
    last_intake_ = last_target_ ? session.intake(*last_target_) : nullptr;
  }
  if (!last_target_) {
    session.actor_gone(header.target);
    fail(make_error(ErrorType::closed, "the actor has stopped"));
    return;
  }
  LocalCell& cell = *last_target_;
  if (header.type >= session.incoming_types().size()) {
    fail(make_error(ErrorType::malformed, "the message's type was not announced"));
    return;
  }
  Session::IncomingType& type = session.incoming_types()[header.type];
  const int handler = handler_for(cell.behaviour(), type);
  if (handler < 0) {
    fail(make_error(ErrorType::unhandled, cell.label() + " has no handler for " + type.name));
    return;
  }
  const TypeName& ours = cell.behaviour().handlers[static_cast<std::size_t>(handler)].type();
  if (ours.digest != type.digest) {
    fail(make_error(ErrorType::refused,
                    std::string{ours.name} + " is another struct in the sender's program than in " + cell.label() + "'s"));
    return;
  }
  const std::uint32_t remaining = header.remaining_ms;
  auto& message = reinterpret_cast<ReceivedMessage&>(header);
  message.handler = static_cast<std::uint16_t>(handler);
  message.deadline = 0;
  if (remaining != 0) {
    if (drain_time_ == 0) drain_time_ = node_.clock().now().time_since_epoch().count();
    message.deadline = drain_time_ + std::int64_t{remaining} * 1'000'000;
  }
  message.intake = last_intake_.get();
  message.node.origin = reinterpret_cast<std::uintptr_t>(&frame) | MailNode::frame;
  frame.pin();
  if (!cell.deliver_received(message.node)) {
    frame.unpin();
    last_intake_ = nullptr;
    session.actor_gone(cell.id());
    fail(cell.end_error());
    return;
  }
  ++last_came_;
}

}  // namespace troupe::detail
