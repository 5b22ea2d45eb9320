// troupe: actors in processes. Apache-2.0, see LICENSE.
// Sending: from a message to a frame that is kept until the peer has it.
#include <troupe/node/session.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/wire/hello.hpp>

namespace troupe::detail {

namespace {

constexpr std::size_t frame_bytes = 64 << 10;      // a fuller frame leaves at once
constexpr std::size_t own_frame_bytes = 16 << 10;  // a larger message is a frame of its own, not copied
constexpr std::size_t most_cancelled = 10'000;     // remembered; of asks that were answered meanwhile nobody takes them out
constexpr std::size_t first_frame_bytes = 512;     // a lone message must not pin a large block

void write(Block& block, const void* bytes, std::size_t count) {
  std::memcpy(block.data() + block.size(), bytes, count);
  block.resize(block.size() + count);
}

// Room for a frame's header, then the envelope, padded: in the payload's own memory where that has room for the padding.
Block whole_envelope(const EnvelopeHeader& header, Encoded& payload) {
  const std::size_t padding = padded(payload.size()) - payload.size();
  Block frame = payload.take();
  if (frame.capacity() - frame.size() < padding) {
    Block larger = Block::make(frame.size() + padding);
    std::memcpy(larger.data(), frame.data(), frame.size());
    larger.resize(frame.size());
    frame = std::move(larger);
  }
  static constexpr std::byte zeros[8]{};
  write(frame, zeros, padding);
  std::memcpy(frame.data() + sizeof(FrameHeader), &header, sizeof header);
  return frame;
}

}  // namespace

FrameHeader Session::header(FrameKind kind) const {
  FrameHeader header;
  header.kind = kind;
  header.source = node_.id();
  header.source_incarnation = node_.incarnation();
  header.destination = peer_;
  header.destination_incarnation = peer_incarnation_;
  header.epoch = epoch_;
  header.sequence = last_sequence_;
  header.ack = received_.load(std::memory_order_relaxed);
  if (kind == FrameKind::ack && hearing_.suspected()) header.flags = frame_unheard;
  return header;
}

// --- Messages into the open frame; under the mutex ----------------------------------------------------------------------

std::uint16_t Session::announce(const TypeName& type) {
  if (&type == last_type_) return last_type_index_;
  const auto [entry, fresh] = outgoing_types_.try_emplace(&type, static_cast<std::uint16_t>(outgoing_types_.size()));
  if (fresh) {
    if (outgoing_types_.size() > UINT16_MAX) raise(ErrorType::misuse, "more than 65535 message types went to one process");
    Encoded body;
    encode(body, TypeAnnouncement{entry->second, type.id, type.digest, std::string{type.name}});
    EnvelopeHeader header;
    header.kind = EnvelopeKind::announce;
    header.type = entry->second;
    append_small(header, body.view());
  }
  last_type_ = &type;
  last_type_index_ = entry->second;
  return entry->second;
}

void Session::make_room(std::size_t bytes) {
  if (!open_) {
    const std::size_t usual = last_frame_bytes_ >= frame_bytes / 2 ? frame_bytes + own_frame_bytes : first_frame_bytes;
    open_ = Block::make(std::max(usual, sizeof(FrameHeader) + bytes));
    open_.resize(sizeof(FrameHeader));
  } else if (open_.capacity() - open_.size() < bytes) {
    Block larger = Block::make(std::min(std::max(open_.capacity() * 8, open_.size() + bytes), frame_bytes + own_frame_bytes));
    std::memcpy(larger.data(), open_.data(), open_.size());
    larger.resize(open_.size());
    open_ = std::move(larger);
  }
}

void Session::append_small(const EnvelopeHeader& header, std::span<const std::byte> payload) {
  const std::size_t bytes = sizeof header + padded(payload.size());
  if (open_ && open_.size() + bytes > frame_bytes) seal();
  make_room(bytes);
  EnvelopeHeader filled = header;
  filled.payload_bytes = static_cast<std::uint32_t>(payload.size());
  write(open_, &filled, sizeof filled);
  if (!payload.empty()) write(open_, payload.data(), payload.size());
  static constexpr std::byte zeros[8]{};
  write(open_, zeros, padded(payload.size()) - payload.size());
}

void Session::append(const Letter& letter, Encoded& payload) {
  EnvelopeHeader header;
  header.target = letter.target;
  header.kind = letter.kind;
  header.sender = letter.sender;
  header.ask = letter.ask;
  if (letter.deadline != TimePoint::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(letter.deadline - node_.clock().now()).count();
    header.remaining_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, UINT32_MAX));
  }
  if (letter.type != nullptr) header.type = announce(*letter.type);
  const bool wants_ack = letter.kind != EnvelopeKind::reply && letter.kind != EnvelopeKind::error;
  const bool queued = must_queue(letter);
  if (payload.size() < own_frame_bytes && !queued) {
    append_small(header, payload.view());
    open_wants_ack_ = open_wants_ack_ || wants_ack;
    return;
  }
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  Block frame = whole_envelope(header, payload);
  if (queued || bulk_.takes(frame.size())) {
    bulk_.push(header, std::move(frame));
    send_bulk();
    return;
  }
  if (open_) seal();
  retain(std::move(frame), wants_ack);
}

// Whether a message must not overtake what waits to be sent in parts.
bool Session::must_queue(const Letter& letter) const noexcept {
  if (bulk_.empty()) return false;
  switch (letter.kind) {
    case EnvelopeKind::tell:
    case EnvelopeKind::ask:
      return bulk_.precedes(letter.sender, letter.target);
    case EnvelopeKind::stop:
      return bulk_.holds_for(letter.target);
    default:
      return false;
  }
}

// Large messages leave as fast as the peer acknowledges them, so that others find the way free.
void Session::send_bulk() {
  if (bulk_.empty()) return;
  while (!bulk_.empty() && retained_bytes_ < bulk_.under_way_bytes()) {
    if (open_) seal();
    retain(bulk_.next_frame(), true);
  }
  if (bulk_.empty() && bye_wanted_) send_control(FrameKind::bye);
}

void Session::seal() {
  if (!open_) return;
  last_frame_bytes_ = open_.size();
  retain(std::exchange(open_, Block{}), std::exchange(open_wants_ack_, false));
}

void Session::retain(Block frame, bool wants_ack) {
  // Nothing else would make room for other nodes' frames again.
  if (between_hosts() && retained_bytes_ + frame.size() > window_.bytes() / 2) wants_ack = true;
  ++last_sequence_;
  FrameHeader filled = header(FrameKind::data);
  if (wants_ack) filled.flags = frame_wants_ack;
  std::memcpy(frame.data(), &filled, sizeof filled);
  acknowledged_ = std::max(acknowledged_, filled.ack);
  retained_bytes_ += frame.size();
  if (wants_ack) ++in_flight_;
  retained_.push_back({frame, last_sequence_, wants_ack});
  if (between_hosts() && wants_ack) window_.sent(last_sequence_, node_.clock().now());
  publish(frame);
}

void Session::publish(const Block& frame) {
  if (state_ == State::open) (void)link_->publish(frame);  // a break comes as an event, and sends again what is retained
}

// --- Sending ----------------------------------------------------------------------------------------------------------------

std::shared_ptr<const ErrorInfo> Session::send(const Letter& letter, Encoded& payload, Duration patience) {
  std::unique_lock lock{mutex_};
  if (!may_send(letter, payload.size())) wait_for_room(letter, lock, after(node_.clock().now(), patience));
  if (state_ == State::ended) return end_reason_;
  if (letter.needs_credit() && context().cell == nullptr && node_.draining().refuses(letter.type->name)) {
    lock.unlock();
    node_.draining().refuse();
  }
  accept(letter, payload, lock);
  return nullptr;
}

Session::Sent Session::try_send(const Letter& letter, Encoded& payload) {
  std::unique_lock lock{mutex_};
  if (state_ == State::ended) return Sent::ended;
  if (!may_send(letter, payload.size())) return Sent::no_room;
  accept(letter, payload, lock);
  return Sent::accepted;
}

void Session::accept(const Letter& letter, Encoded& payload, std::unique_lock<std::mutex>& lock) {
  if (letter.needs_credit()) {
    Credit& credit = credit_for(letter.target);
    ++credit.messages_sent;
    credit.bytes_sent += credit_bytes(payload.size());
  }
  append(letter, payload);
  if (state_ == State::fresh) dial();
  if (!open_) return;
  const bool in_turn = context().cell != nullptr;
  if (letter.kind == EnvelopeKind::stop || letter.kind == EnvelopeKind::kill || letter.kind == EnvelopeKind::cancel ||
      letter.kind == EnvelopeKind::watch || (!in_turn && in_flight_ == 0)) {
    seal();
    return;
  }
  lock.unlock();
  if (letter.ask != 0) {
    node_.flush_later(*this, NodeCore::Flush::surely);
  } else if (in_turn) {
    node_.flush_later(*this, NodeCore::Flush::if_quiet);
  }
}

void Session::reply(std::uint64_t ask, Encoded& payload) {
  {
    const std::lock_guard lock{mutex_};
    if (state_ == State::ended) return;
    if (payload.size() > node_.options().max_message_bytes) {
      const ErrorInfo error =
          make_error(ErrorType::malformed, "the answer of " + std::to_string(payload.size()) + " bytes is larger than max_message_bytes",
                     Executed::yes);
      payload.clear(message_headroom);
      encode(payload, error);
      append({.kind = EnvelopeKind::error, .target = ask}, payload);
    } else {
      append({.kind = EnvelopeKind::reply, .target = ask}, payload);
    }
    if (state_ == State::fresh) dial();
    if (!open_) return;
  }
  node_.flush_later(*this, NodeCore::Flush::surely);
}

void Session::reply_error(std::uint64_t ask, const ErrorInfo& error) {
  Encoded body{message_headroom};
  encode(body, error);
  {
    const std::lock_guard lock{mutex_};
    if (state_ == State::ended) return;
    append({.kind = EnvelopeKind::error, .target = ask}, body);
    if (state_ == State::fresh) dial();
    if (!open_) return;
  }
  node_.flush_later(*this, NodeCore::Flush::surely);
}

void Session::cancel(std::uint64_t ask) {
  Encoded nothing{message_headroom};
  (void)try_send({.kind = EnvelopeKind::cancel, .target = ask}, nothing);
}

void Session::on_cancel(std::uint64_t ask) {
  const std::lock_guard lock{mutex_};
  if (cancelled_.size() >= most_cancelled) cancelled_.clear();
  cancelled_.insert(ask);
  any_cancelled_.store(true, std::memory_order_relaxed);
}

bool Session::take_cancelled(std::uint64_t ask) {
  if (!any_cancelled_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock{mutex_};
  return cancelled_.erase(ask) != 0;
}

void Session::flush() {
  const std::lock_guard lock{mutex_};
  seal();
}

void Session::flush_if_quiet() {
  const std::lock_guard lock{mutex_};
  if (in_flight_ == 0) seal();
}

}  // namespace troupe::detail
