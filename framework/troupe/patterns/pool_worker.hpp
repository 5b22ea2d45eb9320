// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor that runs a pool's tasks, one in each of its processes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <troupe/actor/actor.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/segment.hpp>
#include <troupe/patterns/pool_messages.hpp>
#include <troupe/patterns/pool_task.hpp>

namespace troupe::detail {

/// The results of a batch until they are sent. Threads: safe.
class PoolOutbox {
 public:
  PoolOutbox(std::uint64_t worker, Recipient<PoolEarly> pool) : worker_{worker}, pool_{std::move(pool)} {}

  /// @returns whether a PoolSender is to be woken
  [[nodiscard]] bool begin_batch(const PoolBatch& batch, TimePoint now);
  void add(PoolResultKind kind, const Encoded& result, TimePoint now);
  /// What was not sent before.
  [[nodiscard]] PoolResults end_batch(TimePoint now);
  /// Sends what has waited since the last look: the task that runs takes long. @returns false: there is nothing more to look after
  bool look(TimePoint now);

 private:
  void send(std::unique_lock<std::mutex>& lock, TimePoint now);
  [[nodiscard]] PoolResults take(TimePoint now);

  const std::uint64_t worker_;
  const Recipient<PoolEarly> pool_;
  std::mutex mutex_;
  bool several_ = false;  // the batch under way has more than one task
  bool watched_ = false;
  std::uint32_t slot_ = 0;
  std::uint32_t last_seen_ = 0;  // results of the batch, at the last look
  TimePoint since_{};
  PoolResults results_;
};

/// For a PoolSender: a batch of several tasks has begun.
struct PoolLookAfter {};
/// Beside a worker, on another thread: sends results that wait behind a task that takes long.
class PoolSender final : public Actor<PoolSender, PoolLookAfter> {
 public:
  explicit PoolSender(PoolOutbox& outbox) : outbox_{outbox} {}
  void on(const PoolLookAfter&);

 private:
  PoolOutbox& outbox_;  // of its parent
};

class PoolWorker final : public Actor<PoolWorker, PoolHello, PoolBatch>, private PoolStore {
 public:
  /// Runs the initial function. @throws what that throws
  PoolWorker(const PoolWorkerSetup& setup, const Recipient<PoolEarly>& pool);

  int on(const PoolHello&) const;
  PoolResults on(const PoolBatch& batch);

 private:
  struct Blob {
    PoolBlobOnWire wire;
    std::shared_ptr<const void> decoded;
  };
  [[nodiscard]] const void* get(std::uint64_t id, Decode decode) override;
  void bring(PoolBlobOnWire& blob);
  void forget(std::uint64_t id);
  void run(const PoolBatch& batch, StepFunction& function, std::span<const std::byte> arguments);
  void fail(const PoolBatch& batch);

  const std::string pool_;
  const Segment segment_;
  PoolMark* const marks_;  // null: nobody shares memory with us
  std::map<std::uint64_t, Blob> blobs_;
  Ref<Depot> depot_;  // of this host; null: it was not needed
  PoolOutbox outbox_;
  const Ref<PoolSender> sender_;
  Encoded result_;
};

}  // namespace troupe::detail
