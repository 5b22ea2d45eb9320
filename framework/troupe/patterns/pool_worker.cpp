// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pool_worker.hpp>

#include <unistd.h>

#include <cstring>
#include <exception>

#include <troupe/actor/spawn.hpp>
#include <troupe/cluster/host_agent.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

constexpr auto look_every = std::chrono::milliseconds{5};
constexpr std::size_t early_bytes = 256 << 10;  // more results do not wait for each other
constexpr std::size_t envelope_bytes = 1024;    // beside a single result in its message

template <class T>
T read(std::span<const std::byte>& from) {
  T value;
  if (from.size() < sizeof value) raise(ErrorType::malformed, "a pool's batch is shorter than it says");
  std::memcpy(&value, from.data(), sizeof value);
  from = from.subspan(sizeof value);
  return value;
}

PoolMark* marks_in(const Segment& segment) { return reinterpret_cast<PoolMark*>(segment.data()); }

}  // namespace

// --- PoolOutbox -------------------------------------------------------------------------------------------------------------

bool PoolOutbox::begin_batch(const PoolBatch& batch, TimePoint now) {
  const std::lock_guard lock{mutex_};
  results_ = {};
  slot_ = batch.slot;
  last_seen_ = 0;
  since_ = now;
  several_ = batch.count > 1;
  return several_ && !std::exchange(watched_, true);
}

void PoolOutbox::add(PoolResultKind kind, const Encoded& result, TimePoint now) {
  std::unique_lock lock{mutex_};
  const auto bytes = static_cast<std::uint32_t>(result.size());
  auto& items = results_.items;
  const std::size_t at = items.size();
  items.resize(at + sizeof bytes + sizeof kind + bytes);
  std::memcpy(items.data() + at, &bytes, sizeof bytes);
  std::memcpy(items.data() + at + sizeof bytes, &kind, sizeof kind);
  if (bytes != 0) std::memcpy(items.data() + at + sizeof bytes + sizeof kind, result.data(), bytes);
  ++results_.count;
  if (several_ && items.size() >= early_bytes) send(lock, now);
}

PoolResults PoolOutbox::take(TimePoint now) {
  results_.nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now - since_).count();
  since_ = now;
  const std::uint32_t next = results_.first + results_.count;
  auto taken = std::exchange(results_, {});
  results_.first = next;
  return taken;
}

void PoolOutbox::send(std::unique_lock<std::mutex>& lock, TimePoint now) {
  PoolEarly early{worker_, slot_, take(now)};
  lock.unlock();
  pool_.tell(std::move(early), forever);
}

PoolResults PoolOutbox::end_batch(TimePoint now) {
  const std::lock_guard lock{mutex_};
  several_ = false;
  return take(now);
}

bool PoolOutbox::look(TimePoint now) {
  std::unique_lock lock{mutex_};
  if (!several_) return watched_ = false;
  const std::uint32_t seen = results_.first + results_.count;
  if (std::exchange(last_seen_, seen) == seen && results_.count != 0) send(lock, now);
  return true;
}

void PoolSender::on(const PoolLookAfter& look) {
  if (outbox_.look(node().core().clock().now())) send_after(look_every, look);
}

// --- PoolWorker -------------------------------------------------------------------------------------------------------------

PoolWorker::PoolWorker(const PoolWorkerSetup& setup, const Recipient<PoolEarly>& pool)
    : pool_{setup.pool},
      segment_{Segment::attach(setup.segment)},
      marks_{setup.segment.empty() ? nullptr : marks_in(segment_)},
      outbox_{setup.number, pool},
      sender_{spawn<PoolSender>(std::ref(outbox_))} {
  if (!setup.segment.empty() && !segment_) raise(ErrorType::closed, "the pool has ended");
  if (setup.initial.name.empty()) return;
  PoolTurn turn{*this, 0};
  find_step(setup.initial.key, type_name<PoolTaskKind>(), setup.initial.name)(&turn, as_bytes(setup.initial.arguments), result_);
}

int PoolWorker::on(const PoolHello&) const { return ::getpid(); }

PoolResults PoolWorker::on(const PoolBatch& batch) {
  const Clock& clock = node().core().clock();
  for (const std::uint64_t id : batch.forgotten) forget(id);
  for (const PoolBlobOnWire& blob : batch.blobs) blobs_.try_emplace(blob.id, Blob{blob, nullptr});
  TimePoint now = clock.now();
  if (outbox_.begin_batch(batch, now)) sender_.tell(PoolLookAfter{});
  auto left = as_bytes(batch.items);
  StepFunction function = nullptr;
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const auto bytes = read<std::uint32_t>(left);
    const auto deadline = read<std::int64_t>(left);
    if (bytes > left.size()) raise(ErrorType::malformed, "a pool's batch is shorter than it says");
    const auto arguments = left.subspan(0, bytes);
    left = left.subspan(bytes);
    if (marks_ != nullptr && !marks_[batch.slot].begin(i, now.time_since_epoch().count())) break;
    PoolResultKind kind = PoolResultKind::value;
    result_.clear();
    if (deadline != 0 && now.time_since_epoch().count() >= deadline) {
      kind = PoolResultKind::skipped;
    } else {
      try {
        run(batch, function, arguments);
      } catch (...) {
        kind = PoolResultKind::error;
        fail(batch);
      }
    }
    now = clock.now();
    outbox_.add(kind, result_, now);
    if (marks_ != nullptr) marks_[batch.slot].finished.store(i + 1, std::memory_order_release);
  }
  return outbox_.end_batch(now);
}

// @param function  of the batch; null: to be looked up
void PoolWorker::run(const PoolBatch& batch, StepFunction& function, std::span<const std::byte> arguments) {
  PoolTurn turn{*this, batch.bound};
  if (function == nullptr) function = find_step(batch.key, type_name<PoolTaskKind>(), batch.name);
  function(&turn, arguments, result_);
  const std::size_t most = node().core().options().max_message_bytes;
  if (result_.size() + envelope_bytes > most)
    raise(ErrorType::malformed,
          "the result of " + std::to_string(result_.size()) + " bytes is larger than max_message_bytes (" + std::to_string(most) + ")");
}

// The exception that is being handled becomes the result; its cause says where that was.
void PoolWorker::fail(const PoolBatch& batch) {
  ErrorInfo error = *describe(std::current_exception());
  error.actor = batch.name;
  if (error.cause == nullptr) {
    ErrorInfo where = make_error(ErrorType::remote, "it was thrown by the task " + batch.name + " of the pool '" + pool_ +
                                                        "', in process " + std::to_string(::getpid()) + " on " + node().host_name());
    where.actor = batch.name;
    error.cause = std::make_shared<const ErrorInfo>(std::move(where));
  }
  result_.clear();
  encode(result_, error);
}

// From another host, which sends it once for all workers here; by itself if there is no memory to share.
void PoolWorker::bring(PoolBlobOnWire& blob) {
  if (node().core().options().shared_memory) {
    try {
      if (!depot_) depot_ = host_agent(node().core()).ask(OpenDepot{}).get();
      blob.segment = depot_.ask(BytesWanted{blob.source, blob.id}, forever).get();
      return;
    } catch (const Full&) {
      // then by message
    }
  }
  blob.bytes = blob.source.ask(BytesAsked{blob.id}, forever).get();
}

void PoolWorker::forget(std::uint64_t id) {
  const auto found = blobs_.find(id);
  if (found == blobs_.end()) return;
  const PoolBlobOnWire& blob = found->second.wire;
  if (blob.source && depot_) depot_.tell(BytesForgotten{blob.source, id});
  blobs_.erase(found);
}

const void* PoolWorker::get(std::uint64_t id, Decode decode) {
  const auto found = blobs_.find(id);
  if (found == blobs_.end()) raise(ErrorType::malformed, "a task uses something shared that its pool has not sent");
  Blob& blob = found->second;
  if (blob.decoded == nullptr) {
    if (blob.wire.source) bring(blob.wire);
    const Segment memory = Segment::attach(blob.wire.segment);
    if (!blob.wire.segment.empty() && !memory) raise(ErrorType::closed, "what a task uses is no longer shared by its pool");
    blob.decoded = decode(memory ? memory.kept() : as_bytes(blob.wire.bytes));
    blob.wire.bytes = {};
  }
  return blob.decoded.get();
}

}  // namespace troupe::detail
