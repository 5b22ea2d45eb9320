// troupe: actors in processes. Apache-2.0, see LICENSE.
// Frames and envelopes: each field corrupted once, and the dump of FORMAT.md byte by byte.
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/name.hpp>

#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "wire/octets.hpp"

namespace shop {
struct Price {
  std::string item;
  std::uint32_t cents = 0;
  std::optional<double> discount;
};
}  // namespace shop

namespace {

using namespace troupe;
using namespace troupe::detail;
using Catch::Matchers::Contains;

EnvelopeHeader some_ask() {
  EnvelopeHeader ask;
  ask.kind = EnvelopeKind::ask;
  ask.target = 3;
  ask.target_incarnation = 1;
  ask.type = 1;
  ask.sender = 9;
  ask.ask = 77;
  ask.remaining_ms = 30'000;
  return ask;
}

// The frame at the end of FORMAT.md.
Octets some_frame() {
  Encoded out{sizeof(FrameHeader)};
  const TypeName& name = type_name<shop::Price>();
  EnvelopeHeader announce;
  announce.kind = EnvelopeKind::announce;
  announce.type = 1;
  append_message(out, announce, TypeAnnouncement{1, name.id, name.digest, std::string{name.name}});
  append_message(out, some_ask(), shop::Price{"tea", 350, 0.25});
  const Block frame = take_frame(out, some_header());
  return {frame.view().begin(), frame.view().end()};
}

std::string fault_of(const Octets& frame) {
  try {
    static_cast<void>(parse_frame(frame));
  } catch (const Malformed& error) {
    return error.what();
  }
  return "none";
}

// What the walk says about a frame whose first envelope was spoilt.
std::string walk_fault(const Octets& frame) {
  EnvelopeCursor cursor{frame};
  try {
    while (cursor.next()) {
    }
  } catch (const Malformed& error) {
    CHECK_FALSE(cursor.next().has_value());
    return error.what();
  }
  return "none";
}

Octets dump_of_format() {
  std::ifstream page{TROUPE_SOURCE_DIR "/framework/troupe/wire/FORMAT.md"};
  Octets bytes;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) inside = line == "```dump";
    if (!inside || line.starts_with("```")) continue;
    for (std::size_t at = 0; at + 1 < line.size() && line[at] != ' '; at += 3)
      bytes.push_back(static_cast<std::byte>(std::stoi(line.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

constexpr std::size_t first = sizeof(FrameHeader);

}  // namespace

TEST_CASE("the dump of FORMAT.md is what this program sends, byte by byte") {
  const Octets expected = dump_of_format();
  const Octets frame = some_frame();

  REQUIRE(expected.size() == frame.size());
  for (std::size_t at = 0; at < frame.size(); ++at) {
    CAPTURE(at);
    REQUIRE(frame[at] == expected[at]);
  }
}

TEST_CASE("a frame comes back as it was sent") {
  const Octets frame = some_frame();

  const FrameHeader header = parse_frame(frame);
  CHECK(header.kind == FrameKind::data);
  CHECK(header.source == some_header().source);
  CHECK(header.destination == some_header().destination);
  CHECK(header.sequence == 5);
  CHECK(header.ack == 4);

  EnvelopeCursor cursor{frame};
  const auto announce = cursor.next();
  REQUIRE(announce);
  CHECK(announce->offset == 80);
  CHECK(decode<TypeAnnouncement>(announce->payload).name == "shop::Price");
  const auto ask = cursor.next();
  REQUIRE(ask);
  CHECK(ask->offset % 8 == 0);
  CHECK(ask->header.ask == 77);
  CHECK(decode<shop::Price>(ask->payload).cents == 350);
  CHECK_FALSE(cursor.next());
  CHECK_FALSE(cursor.next());
}

TEST_CASE("a frame with a wrong header is refused, saying what is wrong") {
  const Octets frame = some_frame();

  CHECK_THAT(fault_of({}), Contains("fewer than a header"));
  CHECK_THAT(fault_of(Octets(frame.begin(), frame.begin() + 79)), Contains("79 bytes"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, magic), 0x12345678U)), Contains("magic"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, kind), std::uint8_t{0})), Contains("kind 0"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, kind), std::uint8_t{10})), Contains("kind 10"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, flags), std::uint16_t{2})), Contains("flags"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, flags), std::uint16_t{0x8001})), Contains("flags"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, source), NodeId{})), Contains("source"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, source_incarnation), std::uint64_t{0})), Contains("incarnation"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, destination), NodeId{})), Contains("destination"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, epoch), std::uint64_t{0})), Contains("epoch"));
  CHECK_THAT(fault_of(with(frame, offsetof(FrameHeader, sequence), std::uint64_t{0})), Contains("sequence"));
  CHECK_THAT(fault_of(Octets(frame.begin(), frame.begin() + 80)), Contains("without an envelope"));
  CHECK(fault_of(with(frame, offsetof(FrameHeader, flags), frame_wants_ack)) == "none");
  const Octets ack = with(frame, offsetof(FrameHeader, kind), FrameKind::ack);
  CHECK(fault_of(with(ack, offsetof(FrameHeader, flags), frame_unheard)) == "none");
  CHECK_THAT(fault_of(with(ack, offsetof(FrameHeader, flags), std::uint16_t{4})), Contains("flags"));
  CHECK(fault_of(with(frame, offsetof(FrameHeader, ack), std::uint64_t{0})) == "none");
  CHECK(fault_of(with(frame, offsetof(FrameHeader, destination_incarnation), std::uint64_t{0})) == "none");
}

TEST_CASE("another version of the wire is refused as such, naming both") {
  const Octets frame = with(some_frame(), offsetof(FrameHeader, version), std::uint8_t{9});

  try {
    static_cast<void>(parse_frame(frame));
    FAIL("not refused");
  } catch (const Refused& error) {
    CHECK_THAT(error.what(), Contains("version 9") && Contains("version 1"));
  }
}

TEST_CASE("HELLO, KNOCK and REFUSE may name no destination, and kinds other than DATA need no sequence") {
  FrameHeader header = some_header();
  header.sequence = 0;
  header.kind = FrameKind::ack;
  CHECK_NOTHROW(parse_frame(make_frame(header).view()));

  header.destination = {};
  CHECK_THROWS_AS(parse_frame(make_frame(header).view()), Malformed);
  for (const auto kind : {FrameKind::hello, FrameKind::refuse, FrameKind::knock}) {
    header.kind = kind;
    CHECK_NOTHROW(parse_frame(make_frame(header).view()));
  }
  header.kind = FrameKind::gone;  // who is told is known
  CHECK_THROWS_AS(parse_frame(make_frame(header).view()), Malformed);
}

TEST_CASE("KNOCK and GONE come back as they were sent, and cut off their bodies are refused") {
  FrameHeader header = some_header();
  header.sequence = 0;
  const auto cut_off = [](const Block& frame, auto read) {
    const auto body = frame_body(frame.view());
    for (std::size_t size = 0; size < body.size(); ++size) {
      CAPTURE(size);
      CHECK_THROWS_AS(read(body.first(size)), Malformed);
    }
  };

  header.kind = FrameKind::gone;
  ErrorInfo why = make_error(ErrorType::node_lost, "its host is lost", Executed::unknown);
  why.cause = std::make_shared<const ErrorInfo>(make_error(ErrorType::timeout, "not heard"));
  const Block gone = make_frame_of(header, why);
  CHECK(parse_frame(gone.view()).kind == FrameKind::gone);
  const auto told = decode<ErrorInfo>(frame_body(gone.view()));
  CHECK(told.code == Errc::unreachable);
  CHECK(told.what == "its host is lost");
  REQUIRE(told.cause != nullptr);
  CHECK(told.cause->what == "not heard");
  cut_off(gone, [](auto body) { return decode<ErrorInfo>(body); });

  header.kind = FrameKind::knock;
  header.destination = {};
  header.destination_incarnation = 0;
  Hello hello;
  hello.node = header.source;
  hello.endpoint = "tcp://10.0.0.1:7000";
  const Block knock = make_frame_of(header, hello);
  CHECK(parse_frame(knock.view()).kind == FrameKind::knock);
  CHECK(decode<Hello>(frame_body(knock.view())).endpoint == hello.endpoint);
  cut_off(knock, [](auto body) { return decode<Hello>(body); });
}

TEST_CASE("a frame travels in a forward envelope as it is, and is checked again where it leaves it") {
  const Octets inner = some_frame();
  EnvelopeHeader forward;
  forward.kind = EnvelopeKind::forward;
  Encoded out{sizeof(FrameHeader)};
  append_envelope(out, forward, inner);
  const Block block = take_frame(out, some_header());
  const Octets outer{block.view().begin(), block.view().end()};

  static_cast<void>(parse_frame(outer));
  EnvelopeCursor cursor{outer};
  const auto envelope = cursor.next();
  REQUIRE(envelope);
  CHECK(envelope->header.kind == EnvelopeKind::forward);
  CHECK(Octets{envelope->payload.begin(), envelope->payload.end()} == inner);
  CHECK_FALSE(cursor.next());
  CHECK_THAT(walk_fault(with(outer, first + offsetof(EnvelopeHeader, payload_bytes), UINT32_MAX)), Contains("longer"));
  const auto leaves = [](const Octets& frame) {
    EnvelopeCursor within{frame};
    const auto handed_on = within.next();
    REQUIRE(handed_on);
    return fault_of({handed_on->payload.begin(), handed_on->payload.end()});
  };
  CHECK(leaves(outer) == "none");
  const std::size_t start = first + sizeof(EnvelopeHeader);
  CHECK_THAT(leaves(with(outer, start + offsetof(FrameHeader, magic), 1U)), Contains("magic"));
  CHECK_THAT(leaves(with(outer, start + offsetof(FrameHeader, kind), std::uint8_t{99})), Contains("kind 99"));
  CHECK_THAT(leaves(with(outer, first + offsetof(EnvelopeHeader, payload_bytes), std::uint32_t{79})), Contains("79 bytes"));
}

TEST_CASE("a wrong envelope is refused, saying what is wrong, and the walk ends there") {
  const Octets frame = some_frame();
  const std::size_t second = first + sizeof(EnvelopeHeader) + padded(33);
  const auto spoilt = [&](std::size_t envelope, std::size_t field, auto number) {
    return walk_fault(with(frame, envelope + field, number));
  };

  CHECK(walk_fault(frame) == "none");
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), std::uint8_t{0}), Contains("kind 0"));
  CHECK_THAT(spoilt(second, offsetof(EnvelopeHeader, kind), std::uint8_t{200}), Contains("kind 200"));
  for (const auto asks : {EnvelopeKind::watch, EnvelopeKind::where, EnvelopeKind::drain, EnvelopeKind::inspect})
    CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), asks), Contains("no number"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), std::uint8_t{17}), Contains("kind 17"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), EnvelopeKind::ask), Contains("no number"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), EnvelopeKind::reply), Contains("names no ask"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), EnvelopeKind::error), Contains("names no ask"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), EnvelopeKind::stop), Contains("payload"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, kind), EnvelopeKind::kill), Contains("payload"));
  CHECK_THAT(spoilt(second, offsetof(EnvelopeHeader, ask), std::uint64_t{0}), Contains("no number"));
  CHECK_THAT(spoilt(second, offsetof(EnvelopeHeader, payload_bytes), std::uint32_t{25}), Contains("longer"));
  CHECK_THAT(spoilt(first, offsetof(EnvelopeHeader, payload_bytes), UINT32_MAX), Contains("longer"));
}

TEST_CASE("no frame that is cut off anywhere is taken for a whole one") {
  const Octets frame = some_frame();
  const std::size_t second = first + sizeof(EnvelopeHeader) + padded(33);

  for (std::size_t size = first + 1; size < frame.size(); ++size) {
    CAPTURE(size);
    const bool whole = size == second;
    CHECK((walk_fault(Octets(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size))) == "none") == whole);
  }
}

TEST_CASE("a message that cannot be encoded leaves the envelopes before it alone") {
  Encoded out{sizeof(FrameHeader)};
  append_envelope(out, some_ask(), std::as_bytes(std::span{"abc", 3}));
  const std::size_t before = out.size();
  CHECK(before == sizeof(EnvelopeHeader) + 8);

  std::vector<std::optional<std::array<char, 1 << 15>>> large(1000);
  CHECK_THROWS_AS(append_message(out, some_ask(), large), Malformed);

  CHECK(out.size() == before);
}

TEST_CASE("the bodies of HELLO, REFUSE and announcements come back as they were") {
  const Hello hello{{1, 2}, 3, 4, wire_version, "abcd", "ipc:///run/x", 77, "box", 9, 10, 11};
  FrameHeader header = some_header();
  header.kind = FrameKind::hello;

  const Block frame = make_frame_of(header, hello);

  const Hello got = decode<Hello>(frame_body(frame.view()));
  CHECK(got.node == hello.node);
  CHECK(got.endpoint == hello.endpoint);
  CHECK(got.last_sequence_seen == 9);
  CHECK(got.given_up == 10);
  CHECK(got.job == 11);
  Encoded out;
  encode(out, Refusal{RefuseCode::superseded, "join anew"});
  CHECK(decode<Refusal>(out.view()).code == RefuseCode::superseded);
}
