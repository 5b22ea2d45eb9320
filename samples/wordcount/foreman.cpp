// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "foreman.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace wordcount {

namespace {

/// Portions that a worker may have: the one it counts, and the next.
constexpr int portions_ahead = 2;

std::string name_of(std::size_t index, const Identity& worker) {
  return "worker " + std::to_string(index + 1) + " (pid " + std::to_string(worker.pid) + ")";
}

}  // namespace

Foreman::Foreman(std::vector<Count> work, const std::vector<Worker>& workers, std::promise<Outcome> outcome)
    : work_{std::move(work)}, promise_{std::move(outcome)} {
  std::reverse(work_.begin(), work_.end());
  for (const Worker& worker : workers) hands_.push_back({worker.counter, {worker.identity, {}, {}}, {}, 0, false, {}});
}

Progress Foreman::on(const Look&) const {
  Progress progress{0, outcome_.deaths};
  for (const Hand& hand : hands_) progress.bytes += hand.share.counted.passed;
  return progress;
}

void Foreman::go_on() {
  if (finished_) return;
  const auto lives = [](const Hand& hand) { return hand.share.died.empty(); };
  bool waiting = false;
  for (Hand& hand : hands_) {
    if (!lives(hand)) continue;
    while (!hand.reporting && hand.unanswered < portions_ahead && !work_.empty()) give(hand);
    waiting = waiting || hand.unanswered > 0;
  }
  if (waiting) return;

  // Everything is counted.
  for (Hand& hand : hands_) {
    if (!lives(hand) || hand.given.empty()) continue;
    ask_report(hand);
    waiting = true;
  }
  if (!waiting) finish();
}

void Foreman::give(Hand& hand) {
  hand.given.push_back(std::move(work_.back()));
  work_.pop_back();
  ++hand.unanswered;
  hand.counter.ask(hand.given.back(), troupe::forever).then([this, &hand](const troupe::Result<Counted>& answer) {
    counted(hand, answer);
  });
}

void Foreman::counted(Hand& hand, const troupe::Result<Counted>& answer) {
  --hand.unanswered;
  if (!answer) return lose(hand, answer.error());
  Counted& sum = hand.share.counted;
  sum.files += answer->files;
  sum.bytes += answer->bytes;
  sum.passed += answer->passed;
  sum.words += answer->words;
  sum.seconds += answer->seconds;
  outcome_.skipped.insert(answer->skipped.begin(), answer->skipped.end());
  go_on();
}

void Foreman::ask_report(Hand& hand) {
  ++hand.unanswered;
  hand.reporting = true;  // gets no work meanwhile: its report says what it has been given so far
  hand.counter.ask(Report{}, troupe::forever).then([this, &hand](troupe::Result<Tally> answer) { reported(hand, std::move(answer)); });
}

void Foreman::reported(Hand& hand, troupe::Result<Tally> answer) {
  --hand.unanswered;
  if (!answer) return lose(hand, answer.error());
  std::move(answer->words.begin(), answer->words.end(), std::back_inserter(hand.tally.words));
  if (answer->more) return ask_report(hand);

  for (auto& [word, count] : std::exchange(hand.tally.words, {})) outcome_.words[std::move(word)] += count;
  hand.given.clear();
  hand.reporting = false;
  go_on();
}

void Foreman::lose(Hand& hand, const troupe::ErrorInfo& error) {
  if (!hand.share.died.empty()) return;
  hand.counter.kill();  // it may have failed and live
  const auto index = static_cast<std::size_t>(&hand - hands_.data());
  hand.share = {hand.share.worker, {}, troupe::chain_text(error)};
  outcome_.deaths.push_back(name_of(index, hand.share.worker) + " is lost, others count its files again: " + hand.share.died);
  std::move(hand.given.begin(), hand.given.end(), std::back_inserter(work_));
  hand.given.clear();
  hand.tally = {};

  const bool alone = std::none_of(hands_.begin(), hands_.end(), [](const Hand& other) { return other.share.died.empty(); });
  if (!alone) return go_on();
  finished_ = true;
  promise_.set_exception(std::make_exception_ptr(std::runtime_error{"no worker is left; the last one: " + hand.share.died}));
}

void Foreman::finish() {
  finished_ = true;
  for (Hand& hand : hands_) outcome_.shares.push_back(std::move(hand.share));
  promise_.set_value(std::move(outcome_));
}

}  // namespace wordcount
