// troupe: actors in processes. Apache-2.0, see LICENSE.
// Bytes that many processes of a host want from another host: they travel once, and lie in memory that all share.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/monitor.hpp>
#include <troupe/actor/promise.hpp>
#include <troupe/actor/ref.hpp>

namespace troupe::detail {

/// Answered with the bytes of this number.
struct BytesAsked {
  std::uint64_t id = 0;
};

/// Who has bytes for other hosts.
class BytesSource final : public Actor<BytesSource, BytesAsked> {
 public:
  using Bytes = std::vector<std::uint8_t>;
  /// @param give  the bytes of a number; what it throws is the answer
  explicit BytesSource(std::function<Bytes(std::uint64_t id)> give) : give_{std::move(give)} {}
  Bytes on(const BytesAsked& asked) const { return give_(asked.id); }

 private:
  const std::function<Bytes(std::uint64_t)> give_;
};

/// Answered with the name of the segment where the bytes are kept.
struct BytesWanted {
  Ref<BytesSource> source;
  std::uint64_t id = 0;
};
/// Nobody will want them any more.
struct BytesForgotten {
  Ref<BytesSource> source;
  std::uint64_t id = 0;
};

/// Of a host node. What it has brought it keeps until it is forgotten, or its source has ended.
class Depot final : public Actor<Depot, BytesWanted, BytesForgotten, Down> {
 public:
  Future<std::string> on(const BytesWanted& wanted);
  void on(const BytesForgotten& forgotten);
  void on(const Down& down);

 private:
  struct Key {
    Address source;
    std::uint64_t id = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Stock {
    std::string segment;                        // empty: on its way
    std::vector<Promise<std::string>> waiting;  // for that
  };
  void came(const Key& key, const Result<std::vector<std::uint8_t>>& bytes);
  void drop(std::map<Key, Stock>::iterator stock);
  void on_stop() override;

  std::map<Key, Stock> stocks_;
};

}  // namespace troupe::detail
