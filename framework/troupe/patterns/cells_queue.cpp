// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/cells_queue.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include <troupe/node/core.hpp>
#include <troupe/node/node.hpp>

namespace troupe::detail {

void CellsMemory::Free::operator()(std::byte* memory) const noexcept { ::operator delete (memory, std::align_val_t{cells_alignment}); }

CellsMemory::CellsMemory(Node& node, std::uint64_t count, std::uint64_t element_bytes) : node_{node.core()} {
  const std::size_t before = elements_offset(element_bytes);
  if (count == 0) throw Misuse{"an array needs one element at least"};
  if (count > (PTRDIFF_MAX - before) / std::max<std::uint64_t>(element_bytes, 1))
    throw Misuse{"an array of " + std::to_string(count) + " elements is larger than memory: was its size negative?"};
  const std::size_t bytes = before + count * element_bytes;
  if (element_bytes != 0 && node_.options().shared_memory) {
    segment_ = node_.segments().create(bytes);
    header_ = &make_cells(segment_.data(), count, element_bytes);
    return;
  }
  own_.reset(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{cells_alignment})));
  std::memset(own_.get(), 0, bytes);
  header_ = &make_cells(own_.get(), count, element_bytes);
}

CellsMemory::~CellsMemory() {
  end_cells(*header_);
  if (segment_) node_.segments().remove(segment_.name());
}

CellsQueue::Joined CellsQueue::join(Ref<CellsPort> port) {
  const auto known = std::find(processes_.begin(), processes_.end(), port);
  if (known != processes_.end()) return {static_cast<std::uint64_t>(known - processes_.begin()) + 1, false};
  if (processes_.size() + 1 >= process_of(cells_handed_on)) throw Misuse{"too many processes have locked this array"};
  processes_.push_back(std::move(port));
  return {processes_.size(), true};
}

void CellsQueue::wait(CellsHolder who, std::function<void()> work) {
  Waiting& waiting = waiting_.emplace_back();
  waiting.who = who;
  waiting.work = std::move(work);
}

Future<bool> CellsQueue::take(CellsHolder who) {
  const CellsTaken taken = try_take(header_, who, IfHeld::want);
  if (taken.taken) return ready_future(bool{taken.abandoned});
  Waiting& waiting = waiting_.emplace_back();
  waiting.who = who;
  return waiting.take.emplace().future();
}

Future<void> CellsQueue::give(CellsHolder who) {
  const CellsGiven given = give_back(header_, who);
  if (given == CellsGiven::not_held)
    return failed_future<void>(std::make_shared<const ErrorInfo>(make_error(ErrorType::misuse, "it is not locked by who unlocks it")));
  if (given == CellsGiven::wanted) hand_on();
  return ready_future();
}

void CellsQueue::freed() {
  if (header_.holder.load() == cells_handed_on) hand_on();
}

void CellsQueue::gone(const Down& down) {
  const auto process = std::find_if(processes_.begin(), processes_.end(), [&](const auto& port) { return port && down.is(port); });
  if (process == processes_.end()) return;
  *process = {};
  const auto number = static_cast<std::uint64_t>(process - processes_.begin()) + 1;
  std::erase_if(waiting_, [&](const Waiting& waiting) { return process_of(waiting.who) == number; });
  {
    CellsStep step{header_};
    // Freed by the dead one, perhaps, which could not say so any more.
    if (step.holder() != cells_handed_on && process_of(step.holder()) != number) return;
    if (step.holder() != cells_handed_on) header_.abandoned = 1;
    step.set_holder(cells_handed_on);
  }
  hand_on();
}

// They are `cells_handed_on`: to the first who still wants them.
void CellsQueue::hand_on() {
  while (!waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (!next.take) {
      next.work();
      continue;
    }
    if (!next.take->wanted()) continue;
    bool abandoned = false;
    {
      CellsStep step{header_};
      header_.depth = 1;
      header_.wanted = waiting_.empty() ? 0 : 1;
      abandoned = header_.abandoned != 0;
      step.set_holder(next.who);
    }
    next.take->set_value(abandoned);
    return;
  }
  CellsStep step{header_};
  header_.wanted = 0;
  step.set_holder(0);
}

}  // namespace troupe::detail
