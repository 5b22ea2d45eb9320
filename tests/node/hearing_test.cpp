// troupe: actors in processes. Apache-2.0, see LICENSE.
// What follows from the silence of another host, and how much may be under way to it.
#include <troupe/node/bulk.hpp>
#include <troupe/node/hearing.hpp>
#include <troupe/node/window.hpp>

#include <cstring>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::detail;
using Verdict = Hearing::Verdict;

namespace {

/// Looks once a beat, as a host node does.
struct Ear {
  explicit Ear(Duration dead_after) { options.dead_after = dead_after; }
  Verdict after_a_beat(bool heard) { return hearing.look(heard, now += beat_interval(options), options); }
  /// Beats of silence until `wanted`; 0: something else was said before.
  int silence_until(Verdict wanted) {
    for (int beats = 1;; ++beats) {
      const Verdict verdict = after_a_beat(false);
      if (verdict == wanted) return beats;
      if (verdict != Verdict::lives) return 0;
    }
  }
  NodeOptions options;
  TimePoint now{1000s};
  Hearing hearing{now};
};

constexpr std::size_t KiB = 1024;

}  // namespace

TEST_CASE("a beat is a tenth of dead_after, within limits") {
  NodeOptions options;
  const auto beat = [&](Duration dead_after) {
    options.dead_after = dead_after;
    return beat_interval(options);
  };
  CHECK(beat(10s) == 1s);
  CHECK(beat(60s) == 1s);
  CHECK(beat(2s) == 200ms);
  CHECK(beat(50ms) == 10ms);
}

TEST_CASE("a host that is heard lives") {
  Ear ear{10s};
  for (int beat = 0; beat < 100; ++beat) CHECK(ear.after_a_beat(true) == Verdict::lives);
}

TEST_CASE("a silent host is suspected and lost, each once and in this order") {
  Ear ear{10s};

  CHECK(ear.silence_until(Verdict::suspect) == 3);
  CHECK(ear.silence_until(Verdict::lost) == 8);  // 11 s
}

TEST_CASE("a host that is heard again starts anew") {
  Ear ear{10s};
  CHECK(ear.silence_until(Verdict::suspect) == 3);
  CHECK(ear.hearing.suspected());

  CHECK(ear.after_a_beat(true) == Verdict::lives);

  CHECK_FALSE(ear.hearing.suspected());
  CHECK(ear.silence_until(Verdict::suspect) == 3);
  CHECK(ear.silence_until(Verdict::lost) == 8);
}

TEST_CASE("one beat in three is enough, so a line that loses most kills nobody") {
  Ear ear{10s};
  for (int round = 0; round < 100; ++round) {
    CHECK(ear.after_a_beat(false) == Verdict::lives);
    CHECK(ear.after_a_beat(false) == Verdict::lives);
    CHECK(ear.after_a_beat(true) == Verdict::lives);
  }
}

TEST_CASE("a window begins small, doubles while answers come quickly, and has an end") {
  Window window;
  TimePoint now{1000s};
  CHECK(window.bytes() == 64 * KiB);

  std::vector<std::size_t> sizes;
  for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
    window.sent(sequence, now);
    window.acknowledged(sequence, now += 1ms);
    sizes.push_back(window.bytes() / KiB);
  }

  CHECK(sizes == std::vector<std::size_t>{128, 256, 512, 1024, 1024, 1024});
}

TEST_CASE("a window shrinks when what is sent lies in queues, whatever the way itself takes") {
  const Duration way = GENERATE(Duration{1ms}, Duration{2s});
  Window window;
  TimePoint now{1000s};
  std::uint64_t sequence = 0;
  const auto pass = [&](Duration queued) {
    window.sent(++sequence, now);
    window.acknowledged(sequence, now += way + queued);
    return window.bytes() / KiB;
  };
  while (pass(0ms) < 1024) {
  }

  CHECK(pass(100ms) == 1024);
  CHECK(pass(200ms) == 1024);  // neither quick nor late
  CHECK(pass(300ms) == 512);
  CHECK(pass(1s) == 256);
  CHECK(pass(200ms) == 256);
  CHECK(pass(1s) == 128);
  CHECK(pass(1s) == 64);
  CHECK(pass(1s) == 64);
  CHECK(pass(0ms) == 128);
}

TEST_CASE("one frame at a time is timed, and an acknowledgement of earlier ones says nothing") {
  Window window;
  const TimePoint start{1000s};
  window.sent(5, start);
  window.sent(6, start + 10s);  // not timed

  window.acknowledged(4, start + 10s);
  CHECK(window.bytes() == 64 * KiB);
  window.acknowledged(6, start + 10s);  // of 5, too: the shortest so far
  CHECK(window.bytes() == 128 * KiB);
  window.acknowledged(7, start + 20s);
  CHECK(window.bytes() == 128 * KiB);
}

TEST_CASE("a large message is cut for hosts into smaller parts than for processes") {
  const auto* const sizes = GENERATE(&BulkOut::at_once, &BulkOut::between_hosts);
  BulkOut out{*sizes};
  EnvelopeHeader header;
  header.sender = 1;
  header.target = 2;
  const std::size_t bytes = 3 * sizes->whole_bytes + 8;
  Block message = Block::make(message_headroom + bytes);
  message.resize(message_headroom + bytes);
  for (std::size_t at = 0; at < bytes; ++at) message.data()[message_headroom + at] = static_cast<std::byte>(at * 7);
  const std::vector<std::byte> sent{message.view().begin() + sizeof(FrameHeader), message.view().end()};
  REQUIRE(out.takes(message.size()));
  CHECK_FALSE(out.takes(sizes->whole_bytes));
  CHECK(out.takes(sizes->whole_bytes + 1));

  out.push(header, std::move(message));

  CHECK(out.precedes(1, 2));
  CHECK_FALSE(out.precedes(2, 1));
  std::vector<std::byte> came;
  std::size_t parts = 0;
  for (; !out.empty(); ++parts) {
    const Block frame = out.next_frame();
    EnvelopeHeader part;
    std::memcpy(static_cast<void*>(&part), frame.data() + sizeof(FrameHeader), sizeof part);
    CHECK(part.kind == EnvelopeKind::part);
    CHECK(part.target == came.size());
    CHECK(part.ask == sent.size());
    CHECK(part.payload_bytes <= sizes->part_bytes);
    CHECK((out.empty() || part.payload_bytes == sizes->part_bytes));
    came.insert(came.end(), frame.view().begin() + message_headroom, frame.view().begin() + message_headroom + part.payload_bytes);
  }
  CHECK(came == sent);
  CHECK(parts == (sent.size() + sizes->part_bytes - 1) / sizes->part_bytes);
  CHECK(out.bytes() == 0);
  CHECK_FALSE(out.precedes(1, 2));
}
