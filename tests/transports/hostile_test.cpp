// troupe: actors in processes. Apache-2.0, see LICENSE.
// Peers that are no nodes, over ipc and tcp: nothing of theirs becomes a frame, and nobody else notices.
#include "catch.hpp"
#include "transports/raw_peer.hpp"
#include "transports/rig.hpp"

using namespace rig;

namespace {

struct Node {
  Node() {
    const std::string scheme = GENERATE("ipc", "tcp");
    InboxOptions options;
    options.insecure = true;
    options.max_frame_bytes = 100'000;
    inbox = transport->open_inbox(options);
    endpoint = inbox->listen(fresh_endpoint(scheme, directory));
    good = dial_open(*transport, endpoint);
  }
  // The good link's frame arrives, and it alone.
  bool only_good_frames_arrive() {
    Frames frames;
    return good->publish(frame_of(7)) && receive(*inbox, frames, 1) && frames.bytes.size() == 1 && number_of(frames.bytes[0]) == 7 &&
           good->pump() == LinkEvent::none;
  }
  Directory directory;
  std::shared_ptr<troupe::detail::Transport> transport = troupe::detail::default_transports();
  std::unique_ptr<Inbox> inbox;
  std::string endpoint;
  std::unique_ptr<Link> good;
};

}  // namespace

TEST_CASE("bytes of ZMTP/1.0 and other strangers make no frame") {
  const std::string bytes = GENERATE(std::string{"\x01\0\x06\0hello", 9}, std::string{"\x01\0\x02\0x\x02\0y", 8},
                                     std::string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}, std::string(5000, '\xff'), std::string(5000, '\0'),
                                     std::string{"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0\0\x03\0abc", 20}, std::string{"\xff"});
  Node node;
  const RawPeer stranger{node.endpoint};

  stranger.send(bytes);
  stranger.send_end();

  CHECK(stranger.is_closed());
  CHECK(node.only_good_frames_arrive());
  CHECK(node.inbox->dropped() == 0);
}

TEST_CASE("a message of one part from a raw peer arrives, so the raw peers of these tests speak the protocol") {
  Node node;
  const RawPeer peer{node.endpoint};
  peer.shake_hands("");

  peer.send(RawPeer::part("hello", false));

  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 1));
  CHECK(frames.bytes[0].size() == 5);
}

TEST_CASE("messages of several parts are dropped whole and counted, the next one arrives") {
  Node node;
  const RawPeer peer{node.endpoint};
  peer.shake_hands("");

  peer.send(RawPeer::part("one", true) + RawPeer::part("two", false));
  peer.send(RawPeer::part("", true) + RawPeer::part("two", true) + RawPeer::part("three", false));
  peer.send(RawPeer::part("whole", false));

  Frames frames;
  REQUIRE(receive(*node.inbox, frames, 1));
  REQUIRE(frames.bytes.size() == 1);
  CHECK(frames.bytes[0].size() == 5);
  CHECK(node.inbox->dropped() == 2);
  CHECK(node.only_good_frames_arrive());
}

TEST_CASE("frames under a name of the peer's own choice are dropped and counted") {
  const std::string identity = GENERATE(std::string{"x"}, std::string(255, 'i'), std::string(300, 'j'));
  Node node;
  const RawPeer peer{node.endpoint};
  peer.shake_hands(identity);

  peer.send(RawPeer::part("hello", false));

  Frames frames;
  CHECK(on_each_wake(node.inbox->descriptor(), [&] {
    node.inbox->drain(frames, 10);
    return node.inbox->dropped() == 1;
  }));
  CHECK(frames.bytes.empty());
  CHECK(node.only_good_frames_arrive());
}

TEST_CASE("a peer that announces too many bytes is thrown out before they come") {
  const std::uint64_t announced = GENERATE(100'001ULL, 8ULL << 30, 1ULL << 62, ~0ULL);
  Node node;
  const RawPeer peer{node.endpoint};
  peer.shake_hands("");

  peer.send(std::string{"\x02"} + RawPeer::big_endian(announced, 8) + "some bytes");

  CHECK(peer.is_closed());
  CHECK(node.only_good_frames_arrive());
}

TEST_CASE("a peer that says nothing is thrown out after 3 s, and a dial to one ends") {
  Node node;
  const RawPeer silent{node.endpoint};
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = node.directory.path("silent");
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 1) == 0);
  const auto link = node.transport->dial("ipc://" + path);

  CHECK(says(*link, LinkEvent::ended));

  CHECK(silent.is_closed());
  CHECK(node.only_good_frames_arrive());
  close(listener);
}
