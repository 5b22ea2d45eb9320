// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/cells_side.hpp>

#include <map>
#include <thread>
#include <utility>

#include <troupe/actor/spawn.hpp>
#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/patterns/owner.hpp>

namespace troupe {

ArrayLock::~ArrayLock() { unlock(); }

void ArrayLock::unlock() noexcept {
  if (side_ == nullptr) return;
  try {
    std::exchange(side_, nullptr)->unlock(holder_);
  } catch (const Error&) {
    // The owner has ended: nobody holds anything.
  }
}

namespace detail {

namespace {

constexpr int tries = 50;  // before a locker stands in the owner's line: most hold it for less than that takes

Ref<CellsPort> spawn_port(const std::weak_ptr<CellsSide>& side, const CellPointer& owner) {
  NodeCore& node = owner->node();  // its Node may have ended: then it says so
  const ContextScope outside_of_actors{&node, nullptr};
  auto make = [&] { return make_actor<CellsPort>(side, owner); };
  ConstructionOf<CellsPort, decltype(make)> construction{make};
  return Ref<CellsPort>{spawn_here(node, behaviour_of<CellsPort>(), construction)};
}

}  // namespace

CellsPort::CellsPort(std::weak_ptr<CellsSide> side, const CellPointer& owner) : side_{std::move(side)} { watch(Ref<CellsPort>{owner}); }

void CellsPort::on(const Down&) {
  if (const auto side = side_.lock()) side->owner_ended();
}

CellsSide::~CellsSide() {
  if (port_) port_.stop();
}

const Ref<CellsPort>& CellsSide::port() {
  if (!port_) port_ = spawn_port(weak_from_this(), owner_.pointer());
  return port_;
}

CellsHeader* CellsSide::attach() {
  const std::lock_guard lock{mutex_};
  if (attached_.load(std::memory_order_relaxed)) return direct_.load();
  CellsHeader* header = nullptr;
  const NodeCore& node = owner_.pointer()->node();
  if (!info_.segment.empty() && node.options().shared_memory && !node.closing() && NodeCore::on_this_host(*owner_.pointer())) {
    segment_ = Segment::attach(info_.segment);
    if (segment_) header = find_cells(segment_.data(), segment_.bytes(), info_.count, info_.element_bytes);
    if (header != nullptr) (void)port();  // from now on we hear of the owner's death
  }
  direct_.store(header, std::memory_order_release);
  attached_.store(true, std::memory_order_release);
  return header;
}

void CellsSide::owner_ended() {
  const std::lock_guard lock{mutex_};  // not while it is being attached: then it would be found again
  direct_.store(nullptr, std::memory_order_release);
}

CellsHolder CellsSide::me() const noexcept {
  const std::uint64_t number = number_.load(std::memory_order_relaxed);
  if (number == 0) return 0;
  constexpr std::uint64_t bits = (std::uint64_t{1} << cells_caller_bits) - 1;
  constexpr std::uint64_t actor = std::uint64_t{1} << (cells_caller_bits - 1);
  const std::uint64_t caller = this_caller();
  return (number << cells_caller_bits) | (caller & (bits >> 1U)) | ((caller >> 63U) != 0 ? actor : 0);
}

CellsHolder CellsSide::known_me() {
  if (number_.load(std::memory_order_relaxed) == 0) {
    Ref<CellsPort> known;
    {
      const std::lock_guard lock{mutex_};
      known = port();
    }
    number_.store(owner_.ask(CellsJoin{known}).get());  // the same for all threads that come here
  }
  return me();
}

ArrayLock CellsSide::lock() {
  const CellsHolder who = known_me();
  if (CellsHeader* header = direct(); header != nullptr)
    for (int i = 0; i < tries; ++i) {
      const CellsTaken taken = try_take(*header, who, IfHeld::leave);
      if (taken.taken) return {shared_from_this(), who, taken.abandoned};
      std::this_thread::yield();
    }
  return {shared_from_this(), who, waited(owner_.ask(CellsTake{who}, forever), "for the value or array", name_).get()};
}

void CellsSide::unlock(CellsHolder holder) {
  CellsHeader* header = direct();
  if (header == nullptr) return owner_.ask(CellsGive{holder}).get();
  if (give_back(*header, holder) == CellsGiven::wanted) owner_.tell(CellsFreed{}, forever);
}

Bytes CellsSide::ask(CellsOp op, std::uint64_t index, Bytes arguments) const {
  if (context().cell != nullptr && context().cell == owner_.pointer().get())
    throw Misuse{"a value or array is used within its own update: that would wait for itself"};
  return waited(owner_.ask(CellsAsk{me(), op, index, std::move(arguments)}, forever), "for the value or array", name_).get();
}

std::shared_ptr<CellsSide> CellsSide::find(const Ref<CellsOwner>& owner, std::string name, CellsInfo info) {
  using Key = std::pair<NodeCore*, Address>;
  static std::mutex mutex;
  static auto* sides = new std::map<Key, std::weak_ptr<CellsSide>>;
  const std::lock_guard lock{mutex};
  auto& known = (*sides)[{&owner.pointer()->node(), owner.pointer()->address()}];
  if (auto side = known.lock()) return side;
  std::shared_ptr<CellsSide> made{new CellsSide{owner, std::move(name), std::move(info)}};
  known = made;
  if (sides->size() >= 64 && (sides->size() & (sides->size() - 1)) == 0)
    std::erase_if(*sides, [](const auto& each) { return each.second.expired(); });
  return made;
}

}  // namespace detail
}  // namespace troupe
