// troupe: actors in processes. Apache-2.0, see LICENSE.
// tcp with keys: who has the job's key gets in, nobody else does, and nobody else is disturbed.
#include "catch.hpp"
#include "transports/keys.hpp"
#include "transports/raw_peer.hpp"
#include "transports/rig.hpp"

#include <fstream>

#include <troupe/wire/error.hpp>

#include <sys/stat.h>
#include <zmq.hpp>

using namespace rig;
using troupe::detail::load_keys;
using troupe::detail::make_keys;

namespace {

std::shared_ptr<troupe::detail::Transport> transport_with(const std::string& keys) {
  auto transport = troupe::detail::default_transports();
  transport->use_keys(keys);
  return transport;
}

struct Job {
  Job() {
    make_keys(keys);
    transport = transport_with(keys);
    inbox = transport->open_inbox({});
    endpoint = inbox->listen("tcp://127.0.0.1:*");
    good = dial_open(*transport, endpoint);
  }
  // The good link's frame arrives, and it alone.
  bool only_good_frames_arrive() {
    Frames frames;
    return good->publish(frame_of(7)) && receive(*inbox, frames, 1) && frames.bytes.size() == 1 && number_of(frames.bytes[0]) == 7 &&
           good->pump() == LinkEvent::none;
  }
  Directory directory;
  std::string keys = directory.path("keys");
  std::shared_ptr<troupe::detail::Transport> transport;
  std::unique_ptr<Inbox> inbox;
  std::string endpoint;
  std::unique_ptr<Link> good;
};

template <class Call>
std::string refusal_of(Call call) {
  try {
    call();
  } catch (const troupe::Error& error) {
    return error.what();
  }
  return "";
}

bool holds(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

}  // namespace

TEST_CASE("keys are made once, for their user alone, and read as they were made") {
  const Directory directory;
  const std::string keys = directory.path("keys");

  make_keys(keys);

  struct stat status {};
  REQUIRE(::stat((keys + "/node.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const auto pair = load_keys(keys);
  CHECK(pair.secret_half.size() == 40);
  CHECK(pair.public_half.size() == 40);
  CHECK(pair.public_half != pair.secret_half);
  CHECK(holds(refusal_of([&] { make_keys(keys); }), "is there already"));
  CHECK(load_keys(keys).secret_half == pair.secret_half);
}

TEST_CASE("keys that are missing, open to others or no keys are refused in words") {
  const Directory directory;
  const std::string keys = directory.path("keys");

  CHECK(holds(refusal_of([&] { (void)load_keys(keys); }), "node.key is not there"));
  CHECK(holds(refusal_of([&] { (void)load_keys(keys); }), "troupe keygen " + keys));

  make_keys(keys);
  REQUIRE(::chmod((keys + "/node.key").c_str(), 0640) == 0);
  CHECK(holds(refusal_of([&] { (void)load_keys(keys); }), "has mode 0640"));

  REQUIRE(::chmod((keys + "/node.key").c_str(), 0600) == 0);
  const std::string content = GENERATE(std::string{}, std::string{"troupe secret key 1\n"}, std::string(61, 'x'),
                                       "troupe secret key 1\n" + std::string(40, ' ') + '\n', std::string(5000, '1'));
  std::ofstream{keys + "/node.key"} << content;
  CHECK(holds(refusal_of([&] { (void)load_keys(keys); }), "holds no key of troupe's"));
}

TEST_CASE("with keys any address may be listened on, and frames cross as they were sent") {
  Job job;
  const auto inbox = job.transport->open_inbox({});
  const std::string endpoint = inbox->listen("tcp://0.0.0.0:*");
  const auto link = dial_open(*job.transport, "tcp://127.0.0.1" + endpoint.substr(endpoint.rfind(':')));
  Frames frames;

  for (const std::size_t bytes : {1, 64, 1000, 100'000}) REQUIRE(link->publish(frame_of(bytes, bytes)));

  REQUIRE(receive(*inbox, frames, 4));
  CHECK(same_bytes(frame_of(100'000, 100'000), frames.bytes[3]));
  CHECK(inbox->refused() == 0);
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("who has another key gets no connection") {
  Job job;
  const Directory elsewhere;
  make_keys(elsewhere.path("keys"));

  const auto link = transport_with(elsewhere.path("keys"))->dial(job.endpoint);

  CHECK(says(*link, LinkEvent::ended));
  CHECK_FALSE(link->publish(frame_of(1)));
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("who knows the public half but has another secret is refused and counted") {
  Job job;
  const auto before = job.inbox->refused();
  zmq::context_t context;
  zmq::socket_t stranger{context, zmq::socket_type::dealer};
  const auto own = troupe::detail::make_curve_keys();
  stranger.set(zmq::sockopt::linger, 0);
  stranger.set(zmq::sockopt::curve_serverkey, load_keys(job.keys).public_half);
  stranger.set(zmq::sockopt::curve_publickey, own.public_half);
  stranger.set(zmq::sockopt::curve_secretkey, own.secret_half);

  stranger.connect(job.endpoint);
  (void)stranger.send(zmq::str_buffer("hello"), zmq::send_flags::dontwait);

  CHECK(eventually([&] { return job.inbox->refused() > before; }));
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("who has no key gets no connection to a port with keys") {
  Job job;

  const auto link = troupe::detail::default_transports()->dial(job.endpoint);

  CHECK(says(*link, LinkEvent::ended));
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("who has keys gets no connection to a port without") {
  Job job;
  InboxOptions options;
  options.insecure = true;
  const auto open = troupe::detail::default_transports()->open_inbox(options);

  const auto link = job.transport->dial(open->listen("tcp://127.0.0.1:*"));

  CHECK(says(*link, LinkEvent::ended));
}

TEST_CASE("bytes of strangers at a port with keys make no frame, and end their connection") {
  Job job;
  const std::string bytes =
      GENERATE(std::string{"\x01\0\x06\0hello", 9}, std::string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}, std::string(5000, '\xff'),
               std::string(5000, '\0'), std::string{"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0CURVE", 17} + std::string(5000, 'x'));
  const RawPeer stranger{job.endpoint};

  stranger.send(bytes);
  stranger.send_end();

  CHECK(stranger.is_closed());
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("a peer that shakes hands without a key at a port with keys is thrown out") {
  Job job;
  const RawPeer stranger{job.endpoint};

  CHECK_THROWS(stranger.shake_hands(""));
  stranger.send(RawPeer::part("hello", false));

  CHECK(stranger.is_closed());
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("200 connections that say nothing do not keep a peer with the key waiting, and are closed") {
  Job job;
  std::vector<std::unique_ptr<RawPeer>> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(std::make_unique<RawPeer>(job.endpoint));

  const auto another = dial_open(*job.transport, job.endpoint);

  CHECK(job.only_good_frames_arrive());
  for (const auto& each : silent) CHECK(each->is_closed());
  CHECK(job.only_good_frames_arrive());
}

TEST_CASE("inboxes with keys can go and come in one process, beside such without") {
  const Directory directory;
  for (int round = 0; round < 20; ++round) {
    Job job;
    const auto ipc = job.transport->open_inbox({});
    const auto link = dial_open(*job.transport, ipc->listen(fresh_endpoint("ipc", directory)));
    CHECK(job.only_good_frames_arrive());
  }
}

TEST_CASE("the near side of a way is an address of this host that can be listened on") {
  Job job;

  const std::string near = job.transport->near_side("tcp://127.0.0.1:7000");

  CHECK(near == "tcp://127.0.0.1:*");
  CHECK_NOTHROW(job.inbox->listen(near));
  CHECK_THROWS(job.transport->near_side("ipc:///tmp/x"));
  CHECK_THROWS(job.transport->near_side("tcp://127.0.0.1"));
}
