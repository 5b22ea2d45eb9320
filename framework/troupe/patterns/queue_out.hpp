// troupe: actors in processes. Apache-2.0, see LICENSE.
// Items of a queue that somebody has taken and is not done with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <troupe/actor/timer.hpp>
#include <troupe/patterns/item.hpp>

namespace troupe::detail {

/// Of the owner, in its turns.
class QueueOut {
 public:
  struct Taken {
    std::uint64_t client = 0;
    Item item;
    TimerHandle lease;
  };

  [[nodiscard]] std::size_t size() const noexcept { return taken_.size(); }
  [[nodiscard]] bool empty() const noexcept { return taken_.empty(); }
  /// @returns its number
  std::uint64_t add(std::uint64_t client, Item item) {
    taken_.emplace(++last_, Taken{client, std::move(item), {}});
    return last_;
  }
  /// Null: nobody has it out any more.
  [[nodiscard]] Taken* find(std::uint64_t number) {
    const auto found = taken_.find(number);
    return found == taken_.end() ? nullptr : &found->second;
  }
  /// Nothing: nobody has it out any more.
  std::optional<Item> remove(std::uint64_t number) {
    const auto found = taken_.find(number);
    if (found == taken_.end()) return std::nullopt;
    found->second.lease.cancel();
    Item item = std::move(found->second.item);
    taken_.erase(found);
    return item;
  }
  /// What a client has, in the order in which it was taken.
  [[nodiscard]] std::vector<std::uint64_t> of(std::uint64_t client) const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, taken] : taken_)
      if (taken.client == client) numbers.push_back(number);
    return numbers;
  }

 private:
  std::map<std::uint64_t, Taken> taken_;
  std::uint64_t last_ = 0;
};

}  // namespace troupe::detail
