// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages without an answer from the main thread to an actor in another process, until it has handled all.
#include <troupe/troupe.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "benchmarks/measurements.hpp"
#include "benchmarks/over.hpp"
#include "benchmarks/two_hosts.hpp"

namespace bench {

struct Words {
  std::array<std::uint64_t, 8> words{};
};
struct Blob {
  std::vector<std::uint8_t> bytes;
};
struct Stamp {
  std::int64_t sent_ns = 0;
};
struct BytesSoFar {};
struct MedianDelay {};

class Sink : public troupe::Actor<Sink, Words, Blob, Stamp, BytesSoFar, MedianDelay> {
 public:
  void on(const Words& words) { bytes_ += sizeof words; }
  void on(const Blob& blob) { bytes_ += blob.bytes.size(); }
  void on(const Stamp& stamp);
  std::uint64_t on(const BytesSoFar&) const { return bytes_; }
  /// In microseconds, of the stamps so far.
  double on(const MedianDelay&) { return median(delays_); }

 private:
  std::uint64_t bytes_ = 0;
  std::vector<double> delays_;
};

namespace {

// One clock for all processes of the host.
std::int64_t now_ns() { return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count(); }

template <class M>
double tell_all(const troupe::Ref<Sink>& sink, const M& message, std::size_t count, std::size_t message_bytes) {
  const std::uint64_t before = sink.ask(BytesSoFar{}).get();
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) sink.tell(message);
  const std::uint64_t bytes = sink.ask(BytesSoFar{}).get() - before;
  const double elapsed = watch.seconds();
  expect_count("bytes handled", bytes, std::uint64_t{count * message_bytes});
  return elapsed;
}

// Messages per second, after a tenth of them for warming up.
template <class M>
double rate_to(const troupe::Ref<Sink>& sink, const M& message, std::size_t count, std::size_t message_bytes) {
  tell_all(sink, message, count / 10, message_bytes);
  return static_cast<double>(count) / tell_all(sink, message, count, message_bytes);
}

template <class M>
double rate_of(troupe::ChildTransport transport, const M& message, std::size_t count, std::size_t message_bytes) {
  troupe::Node node{over(transport)};
  return rate_to(node.spawn<Sink>(troupe::own_process), message, count, message_bytes);
}

double blobs_gb(std::size_t count, std::size_t bytes) {
  const Blob blob{std::vector<std::uint8_t>(bytes, 1)};
  return rate_of(troupe::ChildTransport::ipc, blob, count, bytes) * static_cast<double>(bytes) / 1e9;
}

}  // namespace

void Sink::on(const Stamp& stamp) { delays_.push_back(static_cast<double>(now_ns() - stamp.sent_ns) / 1e3); }

double tell_ipc_64(const Run& run) { return rate_of(troupe::ChildTransport::ipc, Words{}, run.count(3'000'000), 64); }
double tell_tcp_64(const Run& run) { return rate_of(troupe::ChildTransport::tcp, Words{}, run.count(3'000'000), 64); }

double tell_tcp_curve_64(const Run& run) {
  TwoHosts hosts;
  return rate_to(hosts.head().spawn<Sink>(TwoHosts::other()), Words{}, run.count(2'000'000), 64);
}

double tell_ipc_64_kib(const Run& run) { return blobs_gb(run.count(8000), 64 << 10); }
double tell_ipc_1_mib(const Run& run) { return blobs_gb(run.count(1000), 1 << 20); }

double tell_lone(const Run& run) {
  troupe::Node node;
  const auto sink = node.spawn<Sink>(troupe::own_process);
  const std::size_t count = run.count(300);
  auto due = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    std::this_thread::sleep_until(due += std::chrono::milliseconds{2});
    sink.tell(Stamp{now_ns()});
  }
  return sink.ask(MedianDelay{}).get();
}

}  // namespace bench
