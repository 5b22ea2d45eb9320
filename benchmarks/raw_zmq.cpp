// troupe: actors in processes. Apache-2.0, see LICENSE.
// The same work over libzmq alone, with its defaults and a water mark of 100,000: no actor, no types, no routing.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include "benchmarks/measurements.hpp"
#include "benchmarks/placement.hpp"

namespace bench {

namespace {

constexpr int water_mark = 100'000;

// Of bytes that are at hand or come within the life of the writer.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_) != 0) throw std::runtime_error{"no pipe"};
  }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  template <class T>
  void put(const T& value) const {
    if (::write(ends_[1], &value, sizeof value) != sizeof value) throw std::runtime_error{"the pipe takes nothing"};
  }
  template <class T>
  T get() const {
    T value{};
    if (::read(ends_[0], &value, sizeof value) != sizeof value) throw std::runtime_error{"the other process is gone"};
    return value;
  }
  void close_writer() {
    ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2];
};

using Endpoint = std::array<char, 128>;

enum class Way { ipc, tcp, tcp_curve };

// One pair for both sides, as a job has it.
struct CurvePair {
  CurvePair() {
    if (::zmq_curve_keypair(public_half.data(), secret_half.data()) != 0) throw std::runtime_error{"this libzmq has no CURVE"};
  }
  void set_on(zmq::socket_t& socket) const {
    socket.set(zmq::sockopt::curve_publickey, public_half.data());
    socket.set(zmq::sockopt::curve_secretkey, secret_half.data());
  }
  std::array<char, 41> public_half{};
  std::array<char, 41> secret_half{};
};

// The other process, which runs `work` over `type`, connected to where the asking side bound, and reports one number.
class Peer {
 public:
  Peer(zmq::socket_type type, Way way, std::function<double(zmq::socket_t&)> work) : way_{way}, pid_{::fork()} {
    if (pid_ < 0) throw std::runtime_error{"no process for the peer"};
    if (pid_ > 0) {
      report_.close_writer();
      return;
    }
    int status = 1;
    try {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      begin_answering_side();
      zmq::context_t context{1};
      zmq::socket_t socket{context, type};
      socket.set(zmq::sockopt::rcvhwm, water_mark);
      if (way_ == Way::tcp_curve) {
        keys_.set_on(socket);
        socket.set(zmq::sockopt::curve_serverkey, keys_.public_half.data());
      }
      socket.connect(endpoint_.get<Endpoint>().data());
      report_.put(work(socket));
      status = 0;
    } catch (...) {  // its silence tells
    }
    ::_exit(status);
  }
  ~Peer() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void bind(zmq::socket_t& socket) {
    if (way_ == Way::tcp_curve) {
      keys_.set_on(socket);
      socket.set(zmq::sockopt::curve_server, true);
    }
    socket.bind(way_ == Way::ipc ? "ipc:///tmp/troupe-bench-" + std::to_string(::getpid()) : "tcp://127.0.0.1:*");
    const std::string bound = socket.get(zmq::sockopt::last_endpoint);
    Endpoint endpoint{};
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    endpoint_.put(endpoint);
  }
  /// Waits for its number.
  double report() { return report_.get<double>(); }

 private:
  const Way way_;
  const CurvePair keys_;
  Pipe endpoint_;
  Pipe report_;
  const int pid_;
};

void receive(zmq::socket_t& socket, zmq::message_t& message) {
  if (!socket.recv(message)) throw std::runtime_error{"nothing to receive"};
}

double echo(zmq::socket_t& socket, std::size_t count) {
  zmq::message_t message;
  for (std::size_t i = 0; i < count; ++i) {
    receive(socket, message);
    socket.send(message, zmq::send_flags::none);
  }
  receive(socket, message);  // stays until it is ended, so that nothing is lost
  return 0;
}

double ask_echo(zmq::socket_t& socket, std::size_t warm_up, std::size_t count) {
  zmq::message_t answer;
  auto ask = [&] {
    zmq::message_t question{64};
    std::memset(question.data(), 1, 64);
    socket.send(question, zmq::send_flags::none);
    receive(socket, answer);
    expect_count("bytes of an answer", answer.size(), std::size_t{64});
  };
  for (std::size_t i = 0; i < warm_up; ++i) ask();
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) ask();
  return watch.microseconds() / static_cast<double>(count);
}

double rtt(const Run& run, Way way) {
  constexpr std::size_t warm_up = 100;
  const std::size_t count = run.count(8000);
  Peer peer{zmq::socket_type::pair, way, [&](zmq::socket_t& socket) { return echo(socket, warm_up + count); }};
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::pair};
  socket.set(zmq::sockopt::linger, 0);
  peer.bind(socket);
  return ask_echo(socket, warm_up, count);
}

double receive_all(zmq::socket_t& socket, std::size_t frames) {
  double bytes = 0;
  zmq::message_t message;
  for (std::size_t i = 0; i < frames; ++i) {
    receive(socket, message);
    bytes += static_cast<double>(message.size());
  }
  return bytes;
}

// Bytes per second until the peer has all.
double throughput(Way way, std::size_t frames, std::size_t frame_bytes) {
  Peer peer{zmq::socket_type::pull, way, [&](zmq::socket_t& socket) { return receive_all(socket, frames); }};
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::push};
  socket.set(zmq::sockopt::sndhwm, water_mark);
  socket.set(zmq::sockopt::linger, 0);
  peer.bind(socket);
  const Stopwatch watch;
  for (std::size_t i = 0; i < frames; ++i) {
    zmq::message_t message{frame_bytes};
    std::memset(message.data(), 1, 64);
    socket.send(message, zmq::send_flags::none);
  }
  const double bytes = peer.report();
  const double elapsed = watch.seconds();
  expect_count("bytes received", bytes, static_cast<double>(frames * frame_bytes));
  return bytes / elapsed;
}

std::int64_t now_ns() { return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count(); }

double median_delay(zmq::socket_t& socket, std::size_t count) {
  std::vector<double> delays;
  zmq::message_t message;
  for (std::size_t i = 0; i < count; ++i) {
    receive(socket, message);
    std::int64_t sent = 0;
    std::memcpy(&sent, message.data(), sizeof sent);
    delays.push_back(static_cast<double>(now_ns() - sent) / 1e3);
  }
  return median(delays);
}

}  // namespace

double raw_ipc_rtt(const Run& run) { return rtt(run, Way::ipc); }
double raw_tcp_rtt(const Run& run) { return rtt(run, Way::tcp); }
double raw_curve_rtt(const Run& run) { return rtt(run, Way::tcp_curve); }

double raw_busy_neighbour(const Run& run) {
  const BusyNeighbour neighbour{run.cores};
  return rtt(run, Way::ipc);
}

double raw_inproc_rtt(const Run& run) {
  constexpr std::size_t warm_up = 100;
  const std::size_t count = run.count(8000);
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::pair};
  socket.bind("inproc://bench");
  std::jthread peer{[&] {
    zmq::socket_t mine{context, zmq::socket_type::pair};
    mine.connect("inproc://bench");
    zmq::message_t message;
    for (std::size_t i = 0; i < warm_up + count; ++i) {
      receive(mine, message);
      mine.send(message, zmq::send_flags::none);
    }
  }};
  return ask_echo(socket, warm_up, count);
}

double raw_ipc_64(const Run& run) { return throughput(Way::ipc, run.count(2'000'000), 64) / 64; }
double raw_tcp_64(const Run& run) { return throughput(Way::tcp, run.count(2'000'000), 64) / 64; }
double raw_ipc_coalesced_64(const Run& run) { return throughput(Way::ipc, run.count(31'250), 64 * 64) / 64; }
double raw_curve_coalesced_64(const Run& run) { return throughput(Way::tcp_curve, run.count(31'250), 64 * 64) / 64; }
double raw_ipc_64_kib(const Run& run) { return throughput(Way::ipc, run.count(5000), 64 << 10) / 1e9; }
double raw_ipc_1_mib(const Run& run) { return throughput(Way::ipc, run.count(1000), 1 << 20) / 1e9; }

double raw_lone(const Run& run) {
  const std::size_t count = run.count(300);
  Peer peer{zmq::socket_type::pull, Way::ipc, [&](zmq::socket_t& socket) { return median_delay(socket, count); }};
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::push};
  socket.set(zmq::sockopt::linger, 0);
  peer.bind(socket);
  auto due = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    std::this_thread::sleep_until(due += std::chrono::milliseconds{2});
    zmq::message_t message{64};
    std::memset(message.data(), 0, 64);
    const std::int64_t sent = now_ns();
    std::memcpy(message.data(), &sent, sizeof sent);
    socket.send(message, zmq::send_flags::none);
  }
  return peer.report();
}

}  // namespace bench
