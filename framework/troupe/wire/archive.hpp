// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages to bytes and back: Cereal's archives over memory, bounds checked before anything is allocated.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <troupe/wire/encoded.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/reader.hpp>
#include <troupe/wire/writer.hpp>

namespace troupe::detail {

/// Appends `value` to `out`.
///
/// @throws Malformed  nested deeper than `max_depth` or larger in memory than a receiver takes; `out` is as before
/// @throws whatever a user's own serialize throws; `out` is as before
template <class T>
void encode(Encoded& out, const T& value) {
  Writer writer{out};
  writer.put(value);
  writer.finish();
}

/// Reads a whole message into `value`.
///
/// @throws Malformed  for anything else than exactly the bytes of a `T`; `value` then holds some value of its type
template <class T>
void decode_into(std::span<const std::byte> bytes, T& value) {
  Reader reader{bytes};
  reader.read_message(value);
}

/// The message that `bytes` holds.
/// @throws Malformed  for anything else than exactly the bytes of a `T`
template <class T>
[[nodiscard]] T decode(std::span<const std::byte> bytes) {
  T value{};
  decode_into(bytes, value);
  return value;
}

/// Of the Cereal that troupe was built with, for people.
[[nodiscard]] std::string cereal_version();

}  // namespace troupe::detail
