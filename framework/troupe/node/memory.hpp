// troupe: actors in processes. Apache-2.0, see LICENSE.
// Memory for messages, futures and cells: small pieces, taken by one thread and given back by another.
#pragma once

#include <cstddef>

namespace troupe::detail {

/// Uninitialised memory of at least `bytes`, aligned to 16. A thread takes from and gives back to two magazines of its own;
/// full and empty ones are exchanged at a depot, so that a stream from one thread to another allocates nothing.
/// @throws std::bad_alloc
[[nodiscard]] void* take_memory(std::size_t bytes);
/// Gives back what `take_memory(bytes)` gave, on any thread.
void give_memory(void* memory, std::size_t bytes) noexcept;

}  // namespace troupe::detail
