// troupe: actors in processes. Apache-2.0, see LICENSE.
// A data frame in fewer bytes, for lines between hosts: equal envelope headers that follow each other are written once.
#pragma once

#include <cstddef>
#include <span>

#include <troupe/wire/block.hpp>

namespace troupe::detail {

/// Packs a frame: messages of one type from one actor to another are nothing but payloads then.
/// @param frame     one that `parse_frame` took
/// @param headroom  bytes before the result, which stay free; a multiple of 8
/// @returns a block of headroom and packed frame; an empty one if it would save less than an eighth
[[nodiscard]] Block pack(std::span<const std::byte> frame, std::size_t headroom);

/// The frame that was packed, byte for byte.
/// @param most  bytes of it
/// @throws Malformed  `packed` says more than it holds, or is the frame of more bytes than that
[[nodiscard]] Block unpack(std::span<const std::byte> packed, std::size_t most);

}  // namespace troupe::detail
