// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who knocks at a job's port and is no host of it: the job goes on, and what it keeps for them is bounded.
#include "hosts/job.hpp"
#include "transports/raw_peer.hpp"

#include <troupe/node/core.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>

#include <fstream>

#include <zmq.hpp>

using namespace troupe;
using detail::Address;
using detail::Block;
using detail::EnvelopeHeader;
using detail::EnvelopeKind;
using detail::FrameHeader;
using detail::FrameKind;
using detail::Hello;
using detail::make_error;
using detail::make_frame_of;
using rig::RawPeer;

namespace {

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{"/proc/self/fd"}) ++count;
  return count;
}

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Two hosts, somebody on the other one who must go on.
struct Pair {
  explicit Pair(Security security) : job{security} {
    Node& node = job.head();
    job.host("second");
    node.wait_for_hosts(2);
    guest = node.spawn<Guest>(on_host("second"));
    CHECK(goes_on());
  }
  bool goes_on() { return self_of(guest).host == "second" && names_of(job.node().hosts()) == std::vector<std::string>{"head", "second"}; }
  CapturedLog log;
  Job job;
  Ref<Guest> guest;
};

/// A node of another host that says what it likes, where no keys are needed.
class Liar {
 public:
  explicit Liar(Node& node, const std::string& endpoint) : core_{node.core()} {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
    ears_.bind("tcp://127.0.0.1:*");
  }
  FrameHeader header(FrameKind kind) const {
    FrameHeader header;
    header.kind = kind;
    header.source = own;
    header.source_incarnation = 1;
    header.destination = core_.id();
    header.destination_incarnation = core_.incarnation();
    header.epoch = (std::uint64_t{1} << 32U) + 1;
    return header;
  }
  void say(const Block& frame) { socket_.send(zmq::buffer(frame.view().data(), frame.view().size()), zmq::send_flags::none); }
  void say_hello(FrameKind kind = FrameKind::hello) {
    Hello hello;
    hello.node = own;
    hello.incarnation = 1;
    hello.endpoint = ears_.get(zmq::sockopt::last_endpoint);
    hello.job = kind == FrameKind::hello ? core_.router().job() : 0;
    say(make_frame_of(header(kind), hello));
  }
  /// `inner` in a forward envelope.
  void hand_on(const Block& inner) {
    FrameHeader outer = header(FrameKind::data);
    outer.sequence = ++sequence_;
    EnvelopeHeader envelope;
    envelope.kind = EnvelopeKind::forward;
    detail::Encoded out{sizeof(FrameHeader)};
    append_envelope(out, envelope, inner.view());
    say(take_frame(out, outer));
  }
  const NodeId own{0x7777, 0x1};

 private:
  detail::NodeCore& core_;
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::dealer};
  zmq::socket_t ears_{context_, zmq::socket_type::router};
  std::uint64_t sequence_ = 0;
};

ErrorInfo some_end() { return make_error(ErrorType::node_lost, "so I say", Executed::unknown); }

}  // namespace

TEST_CASE("garbage on a job's port changes nothing") {
  Pair pair{GENERATE(both_securities)};
  const std::vector<std::string> garbage{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", std::string(100'000, '\xff'), std::string(100'000, '\0'),
                                         std::string{"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01", 12}, "\x16\x03\x01\x02"};

  for (int round = 0; round < 20; ++round)
    for (const std::string& bytes : garbage) {
      const RawPeer peer{pair.job.endpoint()};
      peer.send(bytes);
      peer.send_end();
      if (round == 0) CHECK(peer.is_closed());
    }

  CHECK(pair.goes_on());
}

TEST_CASE("two hundred connections that say nothing are thrown out, and cost little meanwhile") {
  Pair pair{GENERATE(both_securities)};
  const std::size_t before = descriptors();
  const std::size_t bytes_before = resident_bytes();
  std::list<RawPeer> silent;
  for (int i = 0; i < 200; ++i) silent.emplace_back(pair.job.endpoint());

  CHECK(pair.goes_on());
  pair.job.host("third");
  pair.job.node().wait_for_hosts(3);
  if (!sanitized) CHECK(resident_bytes() < bytes_before + (32 << 20));
  for (const auto& peer : silent) CHECK(peer.is_closed());
  silent.clear();
  CHECK(eventually([&] { return descriptors() < before + 20; }));
}

TEST_CASE("a host that speaks another version of the wire is refused in words that name both") {
  Pair pair{Security::insecure};
  Liar liar{pair.job.node(), pair.job.endpoint()};
  FrameHeader knock = liar.header(FrameKind::knock);
  knock.version = 9;

  liar.say(make_frame_of(knock, Hello{}));

  CHECK(eventually([&] { return pair.log.contains("the peer speaks version 9 of the wire, this node speaks version 1"); }));
  CHECK(pair.goes_on());
}

TEST_CASE("a KNOCK that contradicts itself, or leads nowhere, is dropped") {
  Pair pair{Security::insecure};
  Liar liar{pair.job.node(), pair.job.endpoint()};
  Hello hello;
  hello.incarnation = 1;
  SECTION("another node's") { hello.node = {1, 2}; }
  SECTION("to no tcp endpoint") {
    hello.node = liar.own;
    hello.endpoint = "ipc:///tmp/somewhere";
  }

  liar.say(make_frame_of(liar.header(FrameKind::knock), hello));

  CHECK(eventually([&] { return pair.log.contains("it knocks where nobody joins"); }));
  CHECK(pair.goes_on());
}

TEST_CASE("a GONE that did not come through a host node ends nothing") {
  Pair pair{Security::insecure};
  Liar liar{pair.job.node(), pair.job.endpoint()};
  FrameHeader gone = liar.header(FrameKind::gone);
  gone.source = pair.guest.pointer()->address().node;
  gone.source_incarnation = pair.guest.pointer()->address().node_incarnation;

  liar.say(make_frame_of(gone, some_end()));

  CHECK(eventually([&] { return pair.log.contains("a GONE did not come through a host node"); }));
  CHECK(pair.goes_on());
}

TEST_CASE("frames that are handed on by who is not on their way are refused") {
  Pair pair{Security::insecure};
  Node& node = pair.job.node();
  Liar liar{node, pair.job.endpoint()};
  const Address guest = pair.guest.pointer()->address();
  FrameHeader inner = liar.header(FrameKind::gone);
  std::string said = "a frame was handed on by who is not on its way";
  SECTION("of another host's process") {
    liar.say_hello();
    inner.source = guest.node;
    inner.source_incarnation = guest.node_incarnation;
  }
  SECTION("of the head itself, to another host's process") {
    liar.say_hello();
    inner.source = inner.destination;
    inner.source_incarnation = inner.destination_incarnation;
    inner.destination = guest.node;
    inner.destination_incarnation = guest.node_incarnation;
  }
  SECTION("by who has not said HELLO") { said = "its sender has not said HELLO"; }
  SECTION("a KNOCK") {
    liar.say_hello();
    inner.kind = FrameKind::knock;
    said = "a KNOCK is for who listens, and is not handed on";
  }
  SECTION("that is no frame") {
    liar.say_hello();
    inner.magic = 1;
    said = "does not begin with the magic number";
  }

  liar.hand_on(make_frame_of(inner, some_end()));

  CHECK(eventually([&] { return pair.log.contains(said); }));
  CHECK(pair.goes_on());
}
