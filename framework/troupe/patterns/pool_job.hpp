// troupe: actors in processes. Apache-2.0, see LICENSE.
// The tasks of one call to a pool, and where their results go: one future, a row of values, a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/segment.hpp>
#include <troupe/patterns/pool_task.hpp>
#include <troupe/patterns/step.hpp>

namespace troupe::detail {

/// What many tasks use, encoded. Its tasks and handles keep it.
struct PoolBlob {
  explicit PoolBlob(Bytes given) noexcept : bytes{std::move(given)} {}
  /// In shared memory of `of`, if that has room for it.
  PoolBlob(NodeCore& of, const Bytes& given);
  ~PoolBlob();
  PoolBlob(const PoolBlob&) = delete;
  PoolBlob& operator=(const PoolBlob&) = delete;

  /// For a worker that has no part in this host's memory.
  [[nodiscard]] Bytes content() const;
  /// Worth a place in shared memory.
  [[nodiscard]] bool large() const noexcept { return !segment.empty() || bytes.size() >= large_bytes; }
  static constexpr std::size_t large_bytes = 64 << 10;

  const std::uint64_t id = next_id();
  const Bytes bytes;
  const std::string segment;

 private:
  static std::uint64_t next_id() noexcept;
  NodeCore* node_ = nullptr;
};
using PoolBlobs = std::vector<std::shared_ptr<const PoolBlob>>;

/// How long tasks of one function take, as far as was measured. Guarded by the pool's owner.
struct PoolCost {
  double nanoseconds = 0;
  bool known = false;
};

/// Threads: value and error from any, one at a time for each index.
class PoolJob {
 public:
  explicit PoolJob(const PoolCode& of) noexcept : code{of} {}
  virtual ~PoolJob() = default;
  PoolJob(const PoolJob&) = delete;
  PoolJob& operator=(const PoolJob&) = delete;

  virtual void value(std::size_t index, std::span<const std::byte> encoded) = 0;
  virtual void error(std::size_t index, std::shared_ptr<const ErrorInfo> error) = 0;
  /// Somebody can still get a result: what has not begun need not otherwise.
  [[nodiscard]] virtual bool wanted() const = 0;

  const PoolCode& code;
  std::uint64_t bound = 0;  // the blob with the bound arguments; 0: none
  PoolBlobs blobs;
  std::uint32_t chunk = 0;  // tasks that go to a worker together at least; 0: as measured
  int retries = 0;
  Duration timeout = forever;  // of one task
  TimePoint deadline = TimePoint::max();

  // Guarded by the pool's owner:
  PoolCost* cost = nullptr;
  std::size_t at_workers = 0;
};

/// One task and its future.
class PoolCall final : public PoolJob {
 public:
  PoolCall(const PoolCode& of, Counted<FutureState> state) noexcept : PoolJob{of}, state_{std::move(state)} {}
  void value(std::size_t, std::span<const std::byte> encoded) override { state_->fulfil_encoded(encoded); }
  void error(std::size_t, std::shared_ptr<const ErrorInfo> error) override { state_->fail(std::move(error)); }
  [[nodiscard]] bool wanted() const override { return !state_->claimed(); }
  [[nodiscard]] FutureState& state() const noexcept { return *state_; }

 private:
  const Counted<FutureState> state_;
};

/// The results of a map, put in a row. The first error ends it.
class PoolRow final : public PoolJob {
 public:
  using Finish = void (*)(FutureState& state, const PoolRow& row);
  /// @param finish  decodes all values into the future
  PoolRow(const PoolCode& of, Counted<FutureState> state, Finish finish) noexcept
      : PoolJob{of}, state_{std::move(state)}, finish_{finish} {}

  void value(std::size_t index, std::span<const std::byte> encoded) override;
  void error(std::size_t index, std::shared_ptr<const ErrorInfo> error) override;
  [[nodiscard]] bool wanted() const override { return !state_->claimed(); }
  [[nodiscard]] FutureState& state() const noexcept { return *state_; }
  /// All tasks were submitted.
  void complete(std::size_t tasks);

  // By `finish`:
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] std::span<const std::byte> at(std::size_t index) const {
    return arena_.view().subspan(places_[index].first, places_[index].second);
  }

 private:
  void finish_if_done(std::unique_lock<std::mutex>& lock);

  const Counted<FutureState> state_;
  const Finish finish_;
  std::mutex mutex_;
  Encoded arena_;
  std::vector<std::pair<std::size_t, std::size_t>> places_;  // begin and size in the arena
  std::size_t done_ = 0;
  std::optional<std::size_t> tasks_;
};

/// Results that are taken one by one, in their order or as they come.
class PoolStream final : public PoolJob {
 public:
  enum class Order : std::uint8_t { input, completion };
  PoolStream(const PoolCode& of, NodeCore& node, Order order) noexcept : PoolJob{of}, node_{node}, order_{order} {}

  struct Item {
    Bytes value;
    std::shared_ptr<const ErrorInfo> error;
  };
  void value(std::size_t index, std::span<const std::byte> encoded) override;
  void error(std::size_t index, std::shared_ptr<const ErrorInfo> error) override;
  [[nodiscard]] bool wanted() const override;

  /// The next result, if it is there.
  [[nodiscard]] std::optional<Item> try_take();
  /// Settled when `try_take` has something.
  [[nodiscard]] Counted<TypedState<void>> ready();
  /// Nobody takes results any more.
  void abandon();

 private:
  void add(std::size_t index, Item item);
  [[nodiscard]] bool any() const;

  NodeCore& node_;
  const Order order_;
  mutable std::mutex mutex_;
  std::map<std::size_t, Item> early_;  // before those that come first
  std::deque<Item> ready_;
  std::size_t next_ = 0;
  bool abandoned_ = false;
  Counted<TypedState<void>> waiting_;
};

}  // namespace troupe::detail
