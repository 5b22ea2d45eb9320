// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/actor/spawn.hpp>

#include <signal.h>
#include <unistd.h>

#include <troupe/node/children.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/elsewhere.hpp>
#include <troupe/node/passengers.hpp>

namespace troupe::detail {

namespace {

// Constructs the actor of a new cell and gives it to its family.
void begin_actor(NodeCore& node, const Counted<LocalCell>& cell, Construction& construction) {
  void* actor = nullptr;
  try {
    const ContextScope scope{&node, cell.get()};
    actor = construction.construct();
  } catch (...) {
    cell->abandon(describe(std::current_exception()));
    throw;
  }
  node.adopt(*cell);
  cell->hold();  // the actor's own share, dropped when it has ended
  cell->set_actor(actor);
}

}  // namespace

CellPointer spawn_here(NodeCore& node, const Behaviour& behaviour, Construction& construction) {
  const Counted<LocalCell> cell = node.make_cell(behaviour);
  begin_actor(node, cell, construction);
  node.schedule(*cell);
  return CellPointer{cell.get()};
}

CellPointer spawn_supervised(NodeCore& node, const Behaviour& behaviour, std::unique_ptr<Supervision> supervision) {
  class First final : public Construction {
   public:
    explicit First(Supervision& from) : supervision_{from} {}
    void* construct() override { return supervision_.construct(); }

   private:
    Supervision& supervision_;
  } first{*supervision};
  const Counted<LocalCell> cell = node.make_cell(behaviour);
  cell->supervise(std::move(supervision));
  begin_actor(node, cell, first);
  node.schedule(*cell);
  return CellPointer{cell.get()};
}

CellPointer spawn_process(NodeCore& node, const Place& place, EntryFunction entry, const Encoded& arguments, std::string name) {
  if (node.closing()) raise(ErrorType::closed, "nothing is spawned any more: the node is ending");
  if (context().cell == nullptr && node.draining().refuses(name)) node.draining().refuse();
  const Passengers passengers = Passengers::take();
  try {
    if (place == own_process) return node.children().spawn(entry, arguments, std::move(name));
    return start_elsewhere(node, place, entry, arguments, std::move(name));
  } catch (...) {
    passengers.tell({});
    throw;
  }
}

void begin_process_actor(NodeCore& node, const Behaviour& behaviour, Construction& construction) {
  const Counted<LocalCell> cell = node.make_cell(behaviour);
  cell->on_node_thread = true;
  cell->on_end() = [&node](EndReason reason, std::shared_ptr<const ErrorInfo> error) {
    if (reason == EndReason::killed) ::kill(::getpid(), SIGKILL);  // a process actor and its process end alike
    node.on_root_end(std::move(error));
  };
  node.expose(*cell);  // what comes while its constructor waits for something is kept for it
  node.on_root_exposed();
  begin_actor(node, cell, construction);
  node.schedule(*cell);
}

}  // namespace troupe::detail
