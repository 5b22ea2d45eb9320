// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages to bytes and back.
#pragma once

#include <cstddef>
#include <span>

#include <troupe/wire/block.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

/// Bytes that grow in a block, after `headroom` bytes that are left for headers.
class Encoded {
 public:
  explicit Encoded(std::size_t headroom = 0);
  [[nodiscard]] std::byte* data() noexcept;
  [[nodiscard]] std::size_t size() const noexcept;  // without the headroom
  [[nodiscard]] std::span<const std::byte> view() const noexcept;
  void clear(std::size_t headroom = 0);
  [[nodiscard]] Block take();  // headroom and bytes; empty afterwards
};

template <class T>
void encode(Encoded& out, const T& value);
template <class T>
[[nodiscard]] T decode(std::span<const std::byte> bytes);
template <class T>
void decode_into(std::span<const std::byte> bytes, T& value);

}  // namespace troupe::detail
