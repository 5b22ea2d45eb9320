// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a message may cost its receiver, whatever its bytes say; the sender is held to the same.
#pragma once

#include <cstddef>

namespace troupe::detail {

/// A frame, in bytes. What is larger travels in parts: none comes near it but an ACK that grants to 100,000 actors. Guards memory.
constexpr std::size_t largest_frame_bytes = 4 << 20;

/// Containers, pointers and classes within each other. Guards the receiver's stack.
constexpr std::size_t max_depth = 64;

/// Memory of elements that a message may take: this, in bytes, or `memory_per_byte` times its own size if that is more.
/// Guards memory against small bytes that stand for large objects (an empty optional of 8 KiB is one byte).
constexpr std::size_t free_memory_bytes = 16 << 20;
constexpr std::size_t memory_per_byte = 64;

/// What a node of a list, set or map takes besides its element, in bytes: for the sum above.
constexpr std::size_t node_bytes = 32;

/// Memory per element of a container, in bytes.
template <class Container>
constexpr std::size_t element_bytes = sizeof(typename Container::value_type) + (requires(Container & container) {
                                        container.reserve(std::size_t{});
                                        container.data();
                                      }
                                                                                    ? 0
                                                                                    : node_bytes);

}  // namespace troupe::detail
