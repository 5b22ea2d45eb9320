// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor that hands out the work, gathers what was counted, and notices who dies.
#pragma once

#include <troupe/troupe.hpp>

#include <cstdint>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "counter.hpp"
#include "messages.hpp"
#include "words.hpp"

namespace wordcount {

struct Worker {
  troupe::Ref<Counter> counter;
  Identity identity;
};

/// A worker's share of the result.
struct Share {
  Identity worker;
  Counted counted;
  std::string died;  // how; empty: it did not
};

struct Outcome {
  Words words;
  std::vector<Share> shares;
  std::set<Skipped> skipped;
  std::vector<std::string> deaths;
};

/// Gives each worker the next portion when it has answered for one, and two to begin with, so that nobody waits for a message.
/// What a worker counted stays with it until the end; if it dies before it has reported, all that it had is given to others.
///
///     foreman                       counter (one per process)
///        |---- Count{slices} --------->|
///        |<--- Counted ----------------|   as long as there is work
///        |---- Report ---------------->|
///        |<--- Tally{words, more} -----|   until there is no more
class Foreman : public troupe::Actor<Foreman, Look> {
 public:
  /// @param outcome  gets the result, or a std::runtime_error when no worker is left
  Foreman(std::vector<Count> work, const std::vector<Worker>& workers, std::promise<Outcome> outcome);

  Progress on(const Look&) const;

 private:
  struct Hand {
    troupe::Ref<Counter> counter;
    Share share;
    std::vector<Count> given;  // and not reported yet
    int unanswered = 0;
    bool reporting = false;
    Tally tally;  // what has arrived of its report
  };

  void on_start() override { go_on(); }
  void go_on();
  void give(Hand& hand);
  void counted(Hand& hand, const troupe::Result<Counted>& answer);
  void ask_report(Hand& hand);
  void reported(Hand& hand, troupe::Result<Tally> answer);
  void lose(Hand& hand, const troupe::ErrorInfo& error);
  void finish();

  std::vector<Count> work_;  // taken from its end
  std::vector<Hand> hands_;
  std::promise<Outcome> promise_;
  Outcome outcome_;
  bool finished_ = false;
};

}  // namespace wordcount
