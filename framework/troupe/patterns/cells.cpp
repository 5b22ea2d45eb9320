// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/cells.hpp>

#include <pthread.h>
#include <time.h>

#include <cerrno>
#include <new>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

constexpr std::uint64_t this_layout = 0x74726f7570650001;  // "troupe", version 1
static_assert(sizeof(pthread_mutex_t) <= sizeof(CellsHeader::mutex));

pthread_mutex_t* mutex_of(CellsHeader& header) { return reinterpret_cast<pthread_mutex_t*>(header.mutex.data()); }

// A process died within a step: what it had begun is taken back, or finished.
void repair(CellsHeader& header) {
  if (const std::uint64_t half = header.half_written.load(std::memory_order_relaxed); half != 0) {
    auto* const begin = reinterpret_cast<std::byte*>(&header);
    std::memcpy(begin + elements_offset(header.element_bytes) + (half - 1) * header.element_bytes, begin + spare_offset(),
                header.element_bytes);
    header.half_written.store(0, std::memory_order_relaxed);
  }
  const bool held = header.holder.load(std::memory_order_relaxed) != 0;
  if (held != ((header.gate.load(std::memory_order_relaxed) & 1U) != 0)) header.gate.fetch_add(1);
}

}  // namespace

CellsHeader& make_cells(std::byte* memory, std::uint64_t count, std::uint64_t element_bytes) {
  auto* header = new (memory) CellsHeader;
  header->layout = this_layout;
  header->count = count;
  header->element_bytes = element_bytes;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(mutex_of(*header), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return *header;
}

CellsHeader* find_cells(std::byte* memory, std::size_t bytes, std::uint64_t count, std::uint64_t element_bytes) noexcept {
  auto* header = std::launder(reinterpret_cast<CellsHeader*>(memory));
  const std::size_t before = elements_offset(element_bytes);
  if (element_bytes == 0 || bytes < before || (bytes - before) / element_bytes < count) return nullptr;
  if (header->layout != this_layout || header->count != count || header->element_bytes != element_bytes) return nullptr;
  return header;
}

CellsStep::CellsStep(CellsHeader& header) : header_{header} {
  const int error = ::pthread_mutex_lock(mutex_of(header));
  if (error == 0) return;
  if (error == EDEADLK) throw Misuse{"a value or array is used within its own update: that would wait for itself"};
  if (error != EOWNERDEAD) throw Misuse{"the memory of a value or array was overwritten"};
  repair(header);
  ::pthread_mutex_consistent(mutex_of(header));
}

CellsStep::~CellsStep() { ::pthread_mutex_unlock(mutex_of(header_)); }

void CellsStep::set_holder(CellsHolder holder) noexcept {
  const bool was_held = header_.holder.load(std::memory_order_relaxed) != 0;
  header_.holder.store(holder, std::memory_order_relaxed);
  if (was_held != (holder != 0)) header_.gate.fetch_add(1);
}

CellsTaken try_take(CellsHeader& header, CellsHolder who, IfHeld otherwise) {
  CellsStep step{header};
  if (step.holder() == who) {
    ++header.depth;
    return {true, header.abandoned != 0};
  }
  if (step.holder() != 0) {
    if (otherwise == IfHeld::want) header.wanted = 1;
    return {};
  }
  header.depth = 1;
  step.set_holder(who);
  return {true, header.abandoned != 0};
}

CellsGiven give_back(CellsHeader& header, CellsHolder who) {
  CellsStep step{header};
  if (who == 0 || step.holder() != who) return CellsGiven::not_held;
  if (--header.depth != 0) return CellsGiven::still_held;
  header.abandoned = 0;
  const bool wanted = header.wanted != 0;
  step.set_holder(wanted ? cells_handed_on : 0);
  return wanted ? CellsGiven::wanted : CellsGiven::free;
}

void end_cells(CellsHeader& header) noexcept {
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 1;
  // Not for ever: a process may be stopped within a step.
  const int error = ::pthread_mutex_timedlock(mutex_of(header), &until);
  if (error == EOWNERDEAD) {
    repair(header);
    ::pthread_mutex_consistent(mutex_of(header));
  }
  header.holder.store(cells_ended);
  if ((header.gate.load() & 1U) == 0) header.gate.fetch_add(1);
  if (error == 0 || error == EOWNERDEAD) ::pthread_mutex_unlock(mutex_of(header));
}

}  // namespace troupe::detail
