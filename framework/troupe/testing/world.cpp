// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/testing/world.hpp>

#include <algorithm>
#include <map>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/testing/simulation.hpp>

namespace troupe::testing {

using namespace detail;

namespace {

Stand& known(Simulation& simulation, const std::string& name) {
  Stand* stand = simulation.find(name);
  if (stand == nullptr) throw Misuse{"this World has no living node " + name};
  return *stand;
}

}  // namespace

World::World(std::uint64_t seed) : seed_{seed}, simulation_{std::make_unique<Simulation>(seed)} {}

World::~World() { heal(); }

Node& World::node(const std::string& name, NodeOptions options) {
  Stand* stand = simulation_->find(name);
  if (stand == nullptr) stand = &simulation_->add(name, std::move(options));
  return *stand->node;
}

void World::end(const std::string& name) { simulation_->end(known(*simulation_, name)); }
void World::kill(const std::string& name) { simulation_->kill(known(*simulation_, name)); }

CellPointer World::cell_seen_from(Node& from, const CellPointer& cell) {
  if (!cell) raise_null_ref();
  const RefOnWire ref = to_wire(cell);
  return from.core().cell_at(ref.address, ref.endpoint);
}

void World::faults(const Faults& faults) { simulation_->network().set(faults); }

void World::cut(const std::string& one, const std::string& other) {
  simulation_->network().cut(known(*simulation_, one), known(*simulation_, other));
}

void World::partition(const std::vector<std::vector<std::string>>& groups) {
  std::map<std::string, std::size_t> group_of;
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (const std::string& name : groups[i]) group_of[name] = i;
  simulation_->network().separate([groups_by_name = std::move(group_of)](const Stand& one, const Stand& other) {
    const auto first = groups_by_name.find(one.name);
    const auto second = groups_by_name.find(other.name);
    return first != groups_by_name.end() && second != groups_by_name.end() && first->second != second->second;
  });
}

void World::heal() {
  simulation_->network().set({});
  simulation_->network().separate({});
}

bool World::step() { return simulation_->step_now() || (simulation_->advance(TimePoint::max()) && simulation_->step_now()); }

void World::run() {
  for (;;) {
    while (simulation_->step_now()) {
    }
    if (!simulation_->anything_under_way() || !simulation_->advance(TimePoint::max())) return;
  }
}

void World::run_for(Duration time) {
  (void)simulation_->drive([] { return false; }, after(now(), time));
}

bool World::run_until(const std::function<bool()>& done, Duration patience) { return simulation_->drive(done, after(now(), patience)); }

TimePoint World::now() const noexcept { return simulation_->clock().now(); }
std::uint64_t World::random() { return simulation_->random(); }
std::uint64_t World::steps() const noexcept { return simulation_->steps(); }
std::uint64_t World::fingerprint() const noexcept { return simulation_->fingerprint(); }
void World::narrate(std::function<void(std::string_view)> narrator) { simulation_->narrator = std::move(narrator); }

}  // namespace troupe::testing
