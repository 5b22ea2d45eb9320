// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/ref.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/passengers.hpp>

namespace troupe::detail {

namespace {

std::uint64_t sender_id() {
  LocalCell* cell = context().cell;
  return cell == nullptr ? 0 : cell->id();
}

const std::string& endpoint_of(const Cell& cell) {
  if (cell.kind() == Cell::Kind::seat) return static_cast<const SeatCell&>(cell).endpoint();
  return static_cast<const RemoteCell&>(cell).session()->endpoint();
}

}  // namespace

RefOnWire to_wire(const CellPointer& cell) {
  if (!cell) return {};
  if (cell->local()) {
    cell->node().expose(static_cast<LocalCell&>(*cell));
    return {cell->address(), cell->node().endpoint()};
  }
  return {cell->address(), endpoint_of(*cell)};
}

CellPointer from_wire(const RefOnWire& ref) {
  if (ref.address.actor == 0) return {};
  NodeCore& node = context().node != nullptr ? *context().node : this_node().core();
  return node.cell_at(ref.address, ref.endpoint);
}

const Behaviour::Handler* handler_for(const CellPointer& cell, const TypeName& type) {
  if (!cell || !cell->local()) return nullptr;
  const auto& local = static_cast<const LocalCell&>(*cell);
  for (const Behaviour::Handler& handler : local.behaviour().handlers)
    if (handler.type().id == type.id) return &handler;
  raise(ErrorType::malformed, "a recipient of " + std::string{type.name} + " names " + local.label() + ", which does not take it");
}

CellPointer way_to(Cell& cell) {
  NodeCore& here = context().cell->node();  // NOLINT(clang-analyzer-core.CallAndMessage): in a turn there is one
  if (cell.local()) {
    cell.node().expose(static_cast<LocalCell&>(cell));
    return here.cell_at(cell.address(), cell.node().inproc_endpoint());
  }
  return here.cell_at(cell.address(), endpoint_of(cell));
}

void raise_null_ref() { throw Misuse{"the ref names nobody: it was default constructed or moved from"}; }

TimePoint now(const Cell& cell) { return cell.node().clock().now(); }

void tell_remote(Cell& target, const TypeName& type, Encoded& payload, Duration patience) {
  Departure departure{target};
  if (target.kind() == Cell::Kind::seat) {
    static_cast<SeatCell&>(target).tell(type, sender_id(), payload, patience);
    return departure.sent();
  }
  auto& cell = static_cast<RemoteCell&>(target);
  const Letter letter{.kind = EnvelopeKind::tell, .target = cell.id(), .type = &type, .sender = sender_id()};
  const auto ended = send_from_here(cell, letter, payload, patience);
  if (ended == nullptr) return departure.sent();
  cell.node().dead_letter(type.name, *ended, name_of(&cell));
}

void ask_remote(Cell& target, const TypeName& type, Encoded& payload, FutureState& state, Duration patience) {
  Departure departure{target};
  if (target.kind() == Cell::Kind::seat) {
    static_cast<SeatCell&>(target).ask(type, sender_id(), payload, state, patience);
    return departure.sent();
  }
  auto& cell = static_cast<RemoteCell&>(target);
  const std::uint64_t id = cell.node().pending().add(state, *cell.session());
  const Letter letter{EnvelopeKind::ask, cell.id(), &type, sender_id(), id, state.deadline()};
  std::shared_ptr<const ErrorInfo> ended;
  try {
    ended = send_from_here(cell, letter, payload, patience);
  } catch (...) {
    state.fail(describe(std::current_exception()));
    throw;
  }
  if (ended == nullptr) return departure.sent();
  ErrorInfo not_sent = *ended;
  not_sent.executed = Executed::no;
  state.fail(std::move(not_sent));
}

void stop_actor(Cell& cell) { cell.node().stop(cell); }

void kill_actor(Cell& cell) {
  if (cell.local()) {
    static_cast<LocalCell&>(cell).kill();
    return;
  }
  if (cell.kind() == Cell::Kind::seat) return static_cast<SeatCell&>(cell).kill();
  if (cell.node().children().kill(cell)) return;
  Encoded nothing{message_headroom};
  (void)static_cast<RemoteCell&>(cell).session()->try_send({.kind = EnvelopeKind::kill, .target = cell.id()}, nothing);
}

std::string name_of(const Cell* cell) {
  if (cell == nullptr) return "nobody";
  if (cell->local()) return static_cast<const LocalCell*>(cell)->label();
  if (cell->kind() == Cell::Kind::seat) return static_cast<const SeatCell*>(cell)->label();
  return '#' + std::to_string(cell->id()) + '@' + endpoint_of(*cell);
}

std::strong_ordering compare(const Cell* left, const Cell* right) {
  if (left == right) return std::strong_ordering::equal;
  if (left == nullptr || right == nullptr) return left <=> right;
  return left->address() <=> right->address();
}

std::size_t hash_of(const Cell* cell) {
  if (cell == nullptr) return 0;
  const Address address = cell->address();
  return std::hash<std::uint64_t>{}(address.node.local ^ (address.actor * 0x9E3779B97F4A7C15ULL));
}

}  // namespace troupe::detail
