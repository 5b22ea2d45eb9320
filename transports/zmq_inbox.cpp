// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/zmq_inbox.hpp"

#include "transports/descriptors.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace troupe::detail {

namespace {

// libzmq's own ids: a zero byte and a 32-bit count.
std::optional<std::uint64_t> connection_number(std::span<const std::byte> id) {
  if (id.size() != 5 || id[0] != std::byte{0}) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::byte digit : id.subspan(1)) number = number << 8 | std::to_integer<std::uint64_t>(digit);
  return number;
}

ZmqSocket make_router(const InboxOptions& options) {
  require_descriptors("an inbox");
  return ZmqSocket::router(options.max_frame_bytes, options.backlog);
}

}  // namespace

ZmqInbox::ZmqInbox(const InboxOptions& options, FindScheme scheme_of)
    : options_{options}, scheme_of_{std::move(scheme_of)}, router_{make_router(options)} {}

ZmqInbox::~ZmqInbox() = default;

std::string ZmqInbox::listen(const std::string& endpoint) {
  auto& scheme = scheme_of_(endpoint);
  require_descriptors("listening on " + endpoint);
  read_empty_ = false;
  bindings_.push_back(scheme.listen(router_, endpoint, options_));
  return bindings_.back()->endpoint();
}

std::uint64_t ZmqInbox::refused() const {
  std::uint64_t most = 0;
  for (const auto& binding : bindings_) most = std::max(most, binding->refused());
  return most;
}

std::size_t ZmqInbox::drain(FrameVisitor& visitor, std::size_t budget) {
  if (read_empty_ && !router_.signalled()) return 0;
  for (std::size_t count = 0; count < budget; ++count) {
    auto part = router_.receive();
    read_empty_ = !part;
    if (!part) return count;
    const auto connection = connection_number(part->bytes);
    if (part->more) part = router_.receive();
    if (connection && part && !part->more) {
      visitor.on_frame(part->bytes, *connection);
      continue;
    }
    while (part && part->more) part = router_.receive();
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  return budget;
}

}  // namespace troupe::detail
