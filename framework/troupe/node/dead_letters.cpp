// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/dead_letters.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

/// An actor that wants to know.
class DeadLetters::Subscriber final : public std::enable_shared_from_this<Subscriber> {
 public:
  Subscriber(LocalCell& cell, const Behaviour::Handler& handler) : cell_{&cell}, handler_{handler} {}

  /// @returns false: it has ended
  bool post(DeadLetter letter);
  void deliver(LocalCell& cell, DeadLetter letter) const {
    LocalMessage& message = handler_.make(&letter, nullptr);
    Turn turn{cell, nullptr, nullptr, 0, nullptr};
    message.operations().handle(cell.actor(), message, turn);
  }
  void taken() noexcept { waiting_.fetch_sub(1, std::memory_order_relaxed); }
  void end() noexcept { ended_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool ended() const noexcept { return ended_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is(const LocalCell& cell) const noexcept { return cell_.get() == &cell; }

 private:
  const Counted<LocalCell> cell_;
  const Behaviour::Handler& handler_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> left_out_{0};
  std::atomic<bool> ended_{false};
};

class DeadLetters::LetterJob final : public Job {
 public:
  LetterJob(std::shared_ptr<Subscriber> subscriber, DeadLetter letter) : subscriber_{std::move(subscriber)}, letter_{std::move(letter)} {}
  void run(LocalCell& cell) override {
    subscriber_->taken();
    if (!subscriber_->ended() && !cell.ending()) subscriber_->deliver(cell, std::move(letter_));
  }
  [[nodiscard]] bool for_actor() const noexcept override { return true; }

 private:
  const std::shared_ptr<Subscriber> subscriber_;
  DeadLetter letter_;
};

bool DeadLetters::Subscriber::post(DeadLetter letter) {
  constexpr std::size_t most = 1000;
  if (waiting_.fetch_add(1, std::memory_order_relaxed) >= most) {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  letter.left_out = left_out_.exchange(0, std::memory_order_relaxed);
  return cell_->post(std::make_unique<LetterJob>(shared_from_this(), std::move(letter)));
}

void DeadLetters::note(std::string_view message, std::string_view target, const ErrorInfo& reason, TimePoint now, bool quiet) {
  counts_.at(static_cast<std::size_t>(reason.code)).fetch_add(1, std::memory_order_relaxed);
  const DeadLetter letter{std::string{message}, std::string{target}, reason.code, chain_text(reason)};
  if (!quiet) log_.log(LogLevel::info, "dead letter " + letter.message + ": " + letter.text);
  std::vector<std::shared_ptr<Subscriber>> subscribers;
  {
    const std::lock_guard lock{mutex_};
    if (last_.size() < most_last) {
      last_.emplace_back(letter, now);
    } else {
      last_[oldest_] = {letter, now};
      oldest_ = (oldest_ + 1) % most_last;
    }
    subscribers = subscribers_;
  }
  for (const auto& each : subscribers) {
    if (each->post(letter)) continue;
    const std::lock_guard lock{mutex_};
    std::erase(subscribers_, each);
  }
}

std::uint64_t DeadLetters::count() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& each : counts_) sum += each.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t DeadLetters::count(Errc reason) const noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < counts_.size() ? counts_.at(index).load(std::memory_order_relaxed) : 0;
}

std::vector<std::pair<DeadLetter, TimePoint>> DeadLetters::last() const {
  const std::lock_guard lock{mutex_};
  auto last = last_;
  std::rotate(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(oldest_), last.end());
  std::reverse(last.begin(), last.end());
  return last;
}

void DeadLetters::subscribe(LocalCell& cell, const Behaviour::Handler& handler) {
  const std::lock_guard lock{mutex_};
  if (std::any_of(subscribers_.begin(), subscribers_.end(), [&](const auto& each) { return each->is(cell); })) return;
  subscribers_.push_back(std::make_shared<Subscriber>(cell, handler));
}

void DeadLetters::unsubscribe(const LocalCell& cell) {
  const std::lock_guard lock{mutex_};
  for (const auto& each : subscribers_)
    if (each->is(cell)) each->end();
  std::erase_if(subscribers_, [](const auto& each) { return each->ended(); });
}

}  // namespace troupe::detail
