// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/bulk.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <troupe/node/received_frame.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

// --- Out --------------------------------------------------------------------------------------------------------------------

bool BulkOut::precedes(std::uint64_t sender, std::uint64_t target) const noexcept {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const Waiting& each) { return each.header.sender == sender && each.header.target == target; });
}

bool BulkOut::holds_for(std::uint64_t target) const noexcept {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& each) { return each.header.target == target; });
}

void BulkOut::push(const EnvelopeHeader& header, Block message) {
  bytes_ += message.size();
  waiting_.push_back({header, std::move(message)});
}

Block BulkOut::next_frame() {
  Waiting& first = waiting_.front();
  const std::size_t total = first.message.size() - sizeof(FrameHeader);
  if (!takes(first.message.size())) {  // small, behind a large one of its pair
    Block whole = std::move(first.message);
    bytes_ -= whole.size();
    waiting_.pop_front();
    return whole;
  }
  const std::size_t count = std::min(sizes_->part_bytes, total - first.sent);
  EnvelopeHeader part;
  part.kind = EnvelopeKind::part;
  part.target = first.sent;
  part.ask = total;
  part.payload_bytes = static_cast<std::uint32_t>(count);
  Block frame = Block::make(message_headroom + count);
  frame.resize(message_headroom + count);
  std::memcpy(frame.data() + sizeof(FrameHeader), &part, sizeof part);
  std::memcpy(frame.data() + message_headroom, first.message.data() + sizeof(FrameHeader) + first.sent, count);
  first.sent += count;
  if (first.sent == total) {
    bytes_ -= first.message.size();
    waiting_.pop_front();
  }
  return frame;
}

// --- In ---------------------------------------------------------------------------------------------------------------------

Block BulkIn::add(const EnvelopeHeader& part, const std::byte* payload, std::size_t most_bytes) {
  if (part.target == 0) {
    frame_ = {};
    if (part.ask < sizeof(EnvelopeHeader) || part.ask > sizeof(EnvelopeHeader) + padded(most_bytes))
      raise(ErrorType::malformed, "a message in parts is said to have " + std::to_string(part.ask) + " bytes, which is not taken here");
    total_ = part.ask;
    came_ = 0;
    frame_ = ReceivedFrame::block_for(sizeof(FrameHeader) + total_);
  }
  if (!frame_ || part.target != came_ || part.ask != total_ || part.payload_bytes == 0 || part.payload_bytes > total_ - came_) {
    frame_ = {};
    raise(ErrorType::malformed, "a part does not continue what came of its message");
  }
  std::memcpy(frame_.data() + ReceivedFrame::header_bytes + sizeof(FrameHeader) + came_, payload, part.payload_bytes);
  came_ += part.payload_bytes;
  return came_ == total_ ? std::exchange(frame_, {}) : Block{};
}

}  // namespace troupe::detail
