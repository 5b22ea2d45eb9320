// troupe: actors in processes. Apache-2.0, see LICENSE.
// How an actor ended: what those who watch it are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <troupe/wire/error.hpp>

namespace troupe {

/// How an actor has ended.
enum class Exit : std::uint8_t {
  normal,       // it stopped, or was stopped, in order
  failed,       // a handler or its constructor threw, or its process left by itself
  killed,       // by `kill`, or its process by a signal
  unreachable,  // its host no longer answers: it may still run
  gone,         // so long ago that nobody knows how
};

[[nodiscard]] std::string_view to_string(Exit reason) noexcept;

namespace detail {

/// As it travels.
struct Ending {
  Exit reason = Exit::gone;
  ErrorInfo error;  // what an ask to it is told
};

/// Of an actor that nobody remembers.
[[nodiscard]] Ending long_gone(const std::string& who);
/// What the end of the way to an actor says about the actor.
[[nodiscard]] Ending ending_of(const ErrorInfo& reason);

/// The last endings of those who can be asked about: bounded, the oldest are forgotten.
///
/// Threads: guarded by the owner.
template <class Key>
class Endings {
 public:
  void add(const Key& key, Ending ending) {
    if (!kept_.insert_or_assign(key, std::move(ending)).second) return;
    order_.push_back(key);
    if (order_.size() <= most) return;
    kept_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] std::optional<Ending> find(const Key& key) const {
    const auto found = kept_.find(key);
    return found == kept_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  static constexpr std::size_t most = 250;  // some 200 KiB
  std::map<Key, Ending> kept_;
  std::deque<Key> order_;
};

}  // namespace detail
}  // namespace troupe
