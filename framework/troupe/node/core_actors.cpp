// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actors of a node: their families, and how others name them.
#include <utility>

#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/memory.hpp>

namespace troupe::detail {

Counted<LocalCell> NodeCore::make_cell(const Behaviour& behaviour) {
  LocalCell* parent = current_cell();
  if (closing() || (parent != nullptr && parent->ending()))
    raise(ErrorType::closed, "nothing is spawned any more: the node or the parent is ending");
  if (parent == nullptr && drain_.begun() && drain_.refuses(behaviour.name())) drain_.refuse();
  const std::uint64_t id = next_actor_.fetch_add(1, std::memory_order_relaxed);
  void* memory = take_memory(sizeof(LocalCell));
  return Counted<LocalCell>::adopt(new (memory) LocalCell{*this, id, behaviour, parent, options_.mailbox_messages});
}

LocalCell* NodeCore::current_cell() noexcept {
  LocalCell* cell = context().cell;
  return cell != nullptr && &cell->node() == this ? cell : nullptr;
}

void NodeCore::adopt(LocalCell& cell) {
  if (cell.parent() != nullptr) {
    cell.parent()->add_child(CellPointer{&cell});
    return;
  }
  cell.hold();
  const std::lock_guard lock{actors_mutex_};
  cell.next_root = first_root_;
  if (first_root_ != nullptr) first_root_->previous_root = &cell;
  first_root_ = &cell;
}

void NodeCore::actor_ended(LocalCell& cell) {
  Counted<LocalCell> root;
  Counted<LocalCell> exposed;
  Counted<TypedState<void>> all_ended;
  {
    const std::lock_guard lock{actors_mutex_};
    if (cell.parent() == nullptr) {
      root = Counted<LocalCell>::adopt(&cell);
      (cell.previous_root == nullptr ? first_root_ : cell.previous_root->next_root) = cell.next_root;
      if (cell.next_root != nullptr) cell.next_root->previous_root = cell.previous_root;
    }
    // The actor that a process is for stays known, so that asks that come behind its end are told of that.
    if (const auto found = exposed_.find(cell.id()); !cell.on_node_thread && found != exposed_.end()) {
      exposed = std::move(found->second);
      exposed_.erase(found);
      ended_.add(cell.id(), cell.how_it_ended());
    }
    if (first_root_ == nullptr) all_ended = std::move(all_ended_);
  }
  if (exposed)
    for (const auto& session : links_.all()) session->close_intake(cell.id());
  if (all_ended) all_ended->fulfil(std::monostate{});
}

std::vector<Counted<LocalCell>> NodeCore::roots() {
  const std::lock_guard lock{actors_mutex_};
  std::vector<Counted<LocalCell>> roots;
  for (LocalCell* cell = first_root_; cell != nullptr; cell = cell->next_root) roots.emplace_back(cell);
  return roots;
}

void NodeCore::schedule(LocalCell& cell) {
  if (cell.on_node_thread) {
    cell.mark_waiting();
    loop_->schedule(cell);
  } else {
    executor_->schedule(cell);
  }
}

void NodeCore::stop(Cell& cell) {
  switch (cell.kind()) {
    case Cell::Kind::local:
      return static_cast<LocalCell&>(cell).stop();
    case Cell::Kind::remote:
      return children_->stop(cell);
    case Cell::Kind::seat:
      return static_cast<SeatCell&>(cell).stop();
  }
}

void NodeCore::end_child(Cell& cell) {
  if (cell.local()) {
    static_cast<LocalCell&>(cell).end(nullptr);
  } else {
    children_->stop(cell);
  }
}

void NodeCore::expose(LocalCell& cell) {
  const std::lock_guard lock{actors_mutex_};
  if (!cell.ended()) exposed_.try_emplace(cell.id(), Counted<LocalCell>{&cell});
}

Counted<LocalCell> NodeCore::find(std::uint64_t actor) {
  const std::lock_guard lock{actors_mutex_};
  const auto found = exposed_.find(actor);
  return found == exposed_.end() ? Counted<LocalCell>{} : found->second;
}

CellPointer NodeCore::cell_at(const Address& address, const std::string& endpoint) {
  if ((address.actor & seat_bit) != 0) return seats_.cell(address, endpoint);
  if (address.node == id_ && address.node_incarnation == incarnation_)
    if (auto cell = find(address.actor)) return CellPointer{cell.get()};
  return cell_through(links_.session(address, endpoint), address.actor);
}

CellPointer NodeCore::cell_through(std::shared_ptr<Session> session, std::uint64_t actor) {
  void* memory = take_memory(sizeof(RemoteCell));
  return CellPointer::adopt(new (memory) RemoteCell{*this, std::move(session), actor});
}

bool NodeCore::on_this_host(const Cell& cell) {
  return cell.kind() != Cell::Kind::remote || static_cast<const RemoteCell&>(cell).session()->kind() == Session::Kind::direct;
}

CellPointer NodeCore::resident(CellPointer (*make)(NodeCore&)) {
  const std::lock_guard lock{residents_mutex_};
  for (const auto& [known, cell] : residents_)
    if (known == make) return cell;
  return residents_.emplace_back(make, make(*this)).second;
}

}  // namespace troupe::detail
