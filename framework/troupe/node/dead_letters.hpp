// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages that reached nobody: counted, logged, told to those who want to know.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/log.hpp>

namespace troupe {

/// A message that reached nobody, for those who called `Node::watch_dead_letters`. A message itself.
struct DeadLetter {
  std::string message;         // its type
  std::string target;          // for people: class and number
  Errc reason = Errc::closed;  // `closed`, `died`, `unhandled`, `refused`, `malformed`, `unreachable`
  std::string text;            // the whole reason
  /// Letters before this one that the subscriber was too slow for.
  std::uint64_t left_out = 0;
};

namespace detail {

/// Threads: safe.
class DeadLetters {
 public:
  /// A subscriber that is slow or dead costs nothing but its letters: at most 1,000 wait for it, beside its mailbox's bound.
  void note(std::string_view message, std::string_view target, const ErrorInfo& reason, TimePoint now, bool quiet);
  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] std::uint64_t count(Errc reason) const noexcept;
  /// The newest, 32 at most, the last first.
  [[nodiscard]] std::vector<std::pair<DeadLetter, TimePoint>> last() const;

  /// @param handler  of `cell`, for DeadLetter
  void subscribe(LocalCell& cell, const Behaviour::Handler& handler);
  void unsubscribe(const LocalCell& cell);

 private:
  class Subscriber;
  class LetterJob;
  static constexpr std::size_t reasons = static_cast<std::size_t>(Errc::cancelled) + 1;
  static constexpr std::size_t most_last = 32;

  std::array<std::atomic<std::uint64_t>, reasons> counts_{};
  RateLimit log_{std::chrono::seconds{1}};
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  std::vector<std::pair<DeadLetter, TimePoint>> last_;  // in a circle
  std::size_t oldest_ = 0;                              // there
};

}  // namespace detail
}  // namespace troupe
