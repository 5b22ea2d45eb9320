// troupe: actors in processes. Apache-2.0, see LICENSE.
// Frames as bytes that a test can spoil.
#pragma once

#include <troupe/wire/envelope.hpp>

#include <cstddef>
#include <cstring>
#include <vector>

using Octets = std::vector<std::byte>;

inline troupe::detail::FrameHeader some_header() {
  troupe::detail::FrameHeader header;
  header.source = {0x1111111111111111, 0x2222222222222222};
  header.source_incarnation = 1;
  header.destination = {0x1111111111111111, 0x3333333333333333};
  header.destination_incarnation = 2;
  header.epoch = 0x4444444444444444;
  header.sequence = 5;
  header.ack = 4;
  return header;
}

template <class Number>
Octets with(Octets frame, std::size_t at, Number number) {
  std::memcpy(frame.data() + at, &number, sizeof number);
  return frame;
}
