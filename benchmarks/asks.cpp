// troupe: actors in processes. Apache-2.0, see LICENSE.
// A question of 64 bytes and its answer of 64 bytes, one at a time.
#include <troupe/troupe.hpp>

#include <array>
#include <cstdint>
#include <utility>

#include "benchmarks/measurements.hpp"
#include "benchmarks/over.hpp"
#include "benchmarks/placement.hpp"
#include "benchmarks/two_hosts.hpp"

namespace bench {

struct Question {
  std::array<std::uint64_t, 8> words{};
};

class Echo : public troupe::Actor<Echo, Question> {
 public:
  Question on(const Question& question) {
    Question answer = question;
    ++answer.words[0];
    return answer;
  }
};

namespace {

constexpr std::size_t warm_up = 200;

// Microseconds for each of `count`.
double ask_one_by_one(const troupe::Ref<Echo>& echo, std::size_t count) {
  Question question;
  for (std::size_t i = 0; i < warm_up; ++i) question = echo.ask(question).get();
  const Stopwatch watch;
  for (std::size_t i = 0; i < count; ++i) question = echo.ask(question).get();
  const double elapsed = watch.microseconds();
  expect_count("answers", question.words[0], std::uint64_t{warm_up + count});
  return elapsed / static_cast<double>(count);
}

}  // namespace

struct AskMany {
  std::uint64_t count = 0;
};

/// Asks from within a handler, so over what joins its node to the other's.
class Asker : public troupe::Actor<Asker, AskMany> {
 public:
  explicit Asker(troupe::Ref<Echo> echo) : echo_{std::move(echo)} {}
  double on(const AskMany& many) { return ask_one_by_one(echo_, many.count); }

 private:
  const troupe::Ref<Echo> echo_;
};

namespace {

double ask_a_process(const Run& run, troupe::ChildTransport transport) {
  troupe::Node node{over(transport)};
  return ask_one_by_one(node.spawn<Echo>(troupe::own_process), run.count(8000));
}

}  // namespace

double ask_ipc(const Run& run) { return ask_a_process(run, troupe::ChildTransport::ipc); }
double ask_tcp(const Run& run) { return ask_a_process(run, troupe::ChildTransport::tcp); }

double ask_tcp_curve(const Run& run) {
  TwoHosts hosts;
  return ask_one_by_one(hosts.head().spawn<Echo>(TwoHosts::other()), run.count(8000));
}

double ask_busy_neighbour(const Run& run) {
  const BusyNeighbour neighbour{run.cores};
  return ask_a_process(run, troupe::ChildTransport::ipc);
}

double ask_inproc(const Run& run) {
  troupe::Node answering;
  troupe::Node asking;
  return asking.spawn<Asker>(answering.spawn<Echo>()).ask(AskMany{run.count(8000)}).get();
}

double ask_in_process(const Run& run) {
  troupe::Node node;
  return ask_one_by_one(node.spawn<Echo>(), run.count(100'000));
}

}  // namespace bench
