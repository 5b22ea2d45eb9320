// troupe: actors in processes. Apache-2.0, see LICENSE.
// What is on its way to another process, before it lies in a session.
#pragma once

#include <cstdint>
#include <utility>

#include <troupe/node/clock.hpp>
#include <troupe/node/mailbox.hpp>
#include <troupe/wire/encoded.hpp>
#include <troupe/wire/envelope.hpp>

namespace troupe::detail {

struct TypeName;

/// What goes into an envelope beside its payload.
struct Letter {
  EnvelopeKind kind = EnvelopeKind::tell;
  std::uint64_t target = 0;
  const TypeName* type = nullptr;
  std::uint64_t sender = 0;
  std::uint64_t ask = 0;
  TimePoint deadline = TimePoint::max();

  /// It takes a place in a mailbox, and so needs credit.
  [[nodiscard]] bool needs_credit() const noexcept { return kind == EnvelopeKind::tell || kind == EnvelopeKind::ask; }
};

/// A letter with its payload, in an outbox.
struct EncodedMessage final : MailNode {
  EncodedMessage(const Letter& of, Encoded&& with) : MailNode{nullptr, encoded}, letter{of}, payload{std::move(with)} {}
  Letter letter;
  Encoded payload;
};

}  // namespace troupe::detail
