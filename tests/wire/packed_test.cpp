// troupe: actors in processes. Apache-2.0, see LICENSE.
// Frames in fewer bytes: what is packed comes out as it was, and hostile bytes cost nothing.
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/packed.hpp>

#include <cstring>
#include <random>
#include <vector>

#include "catch.hpp"
#include "wire/octets.hpp"

using namespace troupe;
using namespace troupe::detail;
using Catch::Matchers::Contains;

namespace {

constexpr std::size_t most = 1 << 20;

Octets octets_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

/// A frame that is filled envelope by envelope.
struct Letters {
  Encoded out{sizeof(FrameHeader)};
  void add(std::uint64_t target, std::size_t payload_bytes, std::uint64_t ask = 0) {
    EnvelopeHeader header;
    header.kind = ask == 0 ? EnvelopeKind::tell : EnvelopeKind::ask;
    header.target = target;
    header.sender = 7;
    header.ask = ask;
    Octets payload(payload_bytes);
    for (auto& each : payload) each = static_cast<std::byte>(next++);
    append_envelope(out, header, payload);
  }
  Octets frame() { return octets_of(take_frame(out, some_header()).view()); }
  unsigned next = 1;
};

Octets packed(const Octets& frame) { return octets_of(pack(frame, 0).view()); }

std::string fault_of(const Octets& bytes, std::size_t limit = most) {
  try {
    (void)unpack(bytes, limit);
  } catch (const Malformed& error) {
    return error.what();
  }
  return "none";
}

constexpr std::size_t first_run = sizeof(FrameHeader);
constexpr std::size_t first_header = first_run + 8;

}  // namespace

TEST_CASE("a packed frame of like messages is little more than their payloads, and comes out as it was") {
  Letters letters;
  for (int i = 0; i < 500; ++i) letters.add(3, 64);
  const Octets frame = letters.frame();

  const Block block = pack(frame, 128);

  CHECK(block.size() == 128 + sizeof(FrameHeader) + 8 + sizeof(EnvelopeHeader) + 500 * 64);
  CHECK(octets_of(unpack(block.view().subspan(128), most).view()) == frame);
}

TEST_CASE("what would save too little is not packed") {
  Letters asks;
  for (std::uint64_t i = 1; i <= 100; ++i) asks.add(3, 64, i);
  CHECK_FALSE(pack(asks.frame(), 0));
  Letters large;
  for (int i = 0; i < 4; ++i) large.add(3, 4096);
  CHECK_FALSE(pack(large.frame(), 0));
}

TEST_CASE("what is no row of whole envelopes is not packed") {
  Letters letters;
  for (int i = 0; i < 100; ++i) letters.add(3, 8);
  const Octets frame = letters.frame();
  REQUIRE(pack(frame, 0));

  CHECK_FALSE(pack(Octets(frame.begin(), frame.end() - 8), 0));
  CHECK_FALSE(pack(Octets(frame.begin(), frame.end() - 16), 0));
  CHECK_FALSE(pack(with(frame, sizeof(FrameHeader) + offsetof(EnvelopeHeader, payload_bytes), UINT32_MAX), 0));
}

TEST_CASE("frames of any messages come out of their packing as they were") {
  std::mt19937_64 random{20'261'126};
  int packed_ones = 0;
  for (int round = 0; round < 500; ++round) {
    Letters letters;
    const auto runs = 1 + random() % 6;
    for (std::uint64_t run = 0; run < runs; ++run) {
      const std::uint64_t target = random() % 3;
      const std::size_t bytes = random() % 100;
      const bool asked = random() % 8 == 0;
      for (auto left = random() % 40; left != 0; --left) letters.add(target, bytes, asked ? left : 0);
    }
    letters.add(1, 0);
    const Octets frame = letters.frame();
    const Octets bytes = packed(frame);
    if (bytes.empty()) continue;
    ++packed_ones;
    CHECK(bytes.size() <= frame.size() - frame.size() / 8);
    CHECK(octets_of(unpack(bytes, most).view()) == frame);
  }
  CHECK(packed_ones > 250);
}

TEST_CASE("a packed frame that says what it does not hold is Malformed, and takes no memory") {
  Letters letters;
  for (int i = 0; i < 100; ++i) letters.add(3, 8);
  const Octets frame = letters.frame();
  const Octets bytes = packed(frame);
  REQUIRE(fault_of(bytes) == "none");

  CHECK(fault_of(bytes, frame.size()) == "none");
  CHECK_THAT(fault_of(bytes, frame.size() - 1), Contains("largest frame"));
  CHECK_THAT(fault_of(with(bytes, first_run, std::uint32_t{0})), Contains("no envelopes"));
  CHECK_THAT(fault_of(with(bytes, first_run, std::uint32_t{101})), Contains("longer"));
  CHECK_THAT(fault_of(with(bytes, first_run, UINT32_MAX)), Contains("largest frame"));
  CHECK_THAT(fault_of(with(bytes, first_header + offsetof(EnvelopeHeader, payload_bytes), UINT32_MAX)), Contains("largest frame"));
  // Four thousand million envelopes without a payload.
  const Octets empty = with(with(bytes, first_header + offsetof(EnvelopeHeader, payload_bytes), std::uint32_t{0}), first_run, UINT32_MAX);
  CHECK_THAT(fault_of(empty), Contains("largest frame"));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    if (size != sizeof(FrameHeader)) CHECK(fault_of(Octets(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))) != "none");
}
