// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pool_calls.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/pool_owner.hpp>

namespace troupe::detail {

namespace {

constexpr std::size_t slice = 64;              // items that are submitted together
constexpr std::size_t window_per_worker = 64;  // what imap reads ahead
constexpr std::size_t chunks_per_worker = 4;

int positive(int number, const char* what) {
  if (number < 1) throw Misuse{std::string{"pool: "} + what + " must be at least 1"};
  return number;
}

/// At the future of a job: when that was cancelled, its tasks are ended.
class CancelTasks final : public Continuation {
 public:
  CancelTasks(std::weak_ptr<PoolOwner> owner, std::weak_ptr<PoolJob> job) noexcept : owner_{std::move(owner)}, job_{std::move(job)} {}
  void settled(std::unique_ptr<Continuation>, FutureState& state) override {
    if (state.error() == nullptr || state.error()->code != Errc::cancelled) return;
    const auto owner = owner_.lock();
    const auto job = job_.lock();
    if (owner && job) owner->cancel(*job);
  }
  void call(FutureState&) override {}

 private:
  const std::weak_ptr<PoolOwner> owner_;
  const std::weak_ptr<PoolJob> job_;  // which holds the future: of a job that was refused nobody else does
};

}  // namespace

// --- PoolReader -------------------------------------------------------------------------------------------------------------

PoolReader::PoolReader(std::shared_ptr<PoolOwner> owner, std::shared_ptr<PoolStream> stream, std::unique_ptr<PoolFeed> feed,
                       std::size_t window)
    : owner_{std::move(owner)}, stream_{std::move(stream)}, feed_{std::move(feed)}, window_{window} {
  this->feed(stream_->deadline);
}

PoolReader::~PoolReader() { stream_->abandon(); }

void PoolReader::feed(TimePoint until) {
  if (feed_ == nullptr || fed_ - taken_ > window_ / 2) return;
  std::vector<Bytes> items;
  try {
    while (fed_ + items.size() - taken_ < window_) {
      Bytes item;
      if (!feed_->next(item)) {
        feed_ = nullptr;
        break;
      }
      items.push_back(std::move(item));
    }
  } catch (...) {
    input_error_ = std::current_exception();
    feed_ = nullptr;
  }
  const std::size_t count = items.size();
  owner_->submit(stream_, fed_, std::move(items), until);
  fed_ += count;
}

std::optional<PoolStream::Item> PoolReader::take(Duration patience) {
  const TimePoint until = std::min(after(owner_->node().clock().now(), patience), stream_->deadline);
  feed(until);
  if (taken_ == fed_) {
    if (input_error_ != nullptr) std::rethrow_exception(std::exchange(input_error_, nullptr));
    return {};
  }
  for (;;) {
    if (auto item = stream_->try_take()) {
      ++taken_;
      return item;
    }
    const auto ready = stream_->ready();
    if (until == TimePoint::max()) {
      wait_for_others(*ready, "for a result of the pool", owner_->name());
    } else if (!wait_for(*ready, until)) {
      raise(ErrorType::timeout, "no result of the pool '" + owner_->name() + "' within the patience", Executed::unknown);
    }
  }
}

// --- PoolCallsBase ----------------------------------------------------------------------------------------------------------

PoolOwner& PoolCallsBase::owner() const {
  if (owner_ == nullptr) raise_no_owner("pool");
  return *owner_;
}

NodeCore& PoolCallsBase::node() const { return owner().node(); }

std::shared_ptr<const PoolBlob> PoolCallsBase::make_blob(Bytes bytes) const {
  const bool one_host = owner().options().place == own_process;
  const bool fits = bytes.size() + slice <= node().options().max_message_bytes;
  if (node().options().shared_memory && bytes.size() >= PoolBlob::large_bytes && (one_host || fits)) {
    try {
      return std::make_shared<const PoolBlob>(node(), bytes);
    } catch (const Full&) {
      // then by message
    }
  }
  if (!fits)
    raise(ErrorType::malformed, "what the tasks share, " + std::to_string(bytes.size()) + " bytes, is larger than max_message_bytes");
  return std::make_shared<const PoolBlob>(std::move(bytes));
}

void PoolCallsBase::configure(PoolJob& job) const {
  const PoolOptions& pool = owner().options();
  job.retries = options_.retries.value_or(pool.retries);
  job.timeout = options_.task_timeout.value_or(pool.task_timeout);
  if (job.retries < 0) throw Misuse{"pool: retries must not be negative"};
  if (job.timeout <= Duration::zero()) throw Misuse{"pool: task_timeout must be positive"};
  if (options_.chunk) job.chunk = static_cast<std::uint32_t>(positive(*options_.chunk, "chunk"));
  if (options_.patience != forever) job.deadline = after(node().clock().now(), options_.patience);
}

void PoolCallsBase::watch_future(const std::shared_ptr<PoolJob>& job, FutureState& state) const {
  if (job->deadline != TimePoint::max()) state.expire_at(job->deadline);
  state.attach(std::make_unique<CancelTasks>(owner_, job));
}

void PoolCallsBase::submit(const std::shared_ptr<PoolJob>& job, Bytes task) const {
  std::vector<Bytes> one;
  one.push_back(std::move(task));
  owner().submit(job, 0, std::move(one), job->deadline);
}

void PoolCallsBase::submit_all(const std::shared_ptr<PoolRow>& row, PoolFeed& feed) const {
  std::size_t first = 0;
  try {
    for (bool more = true; more && row->wanted();) {
      std::vector<Bytes> items;
      items.reserve(slice);
      Bytes item;
      while (items.size() < slice && (more = feed.next(item))) items.push_back(std::move(item));
      const std::size_t count = items.size();
      owner().submit(row, first, std::move(items), row->deadline);
      first += count;
    }
  } catch (...) {
    row->error(first, std::make_shared<const ErrorInfo>(make_error(ErrorType::closed, "the input of the map failed")));
    throw;
  }
  row->complete(first);
}

std::unique_ptr<PoolReader> PoolCallsBase::read(const std::shared_ptr<PoolStream>& stream, std::unique_ptr<PoolFeed> feed) const {
  const std::size_t per_worker = std::max<std::size_t>(window_per_worker, chunks_per_worker * stream->chunk);
  const std::size_t window = options_.window ? static_cast<std::size_t>(positive(*options_.window, "window")) : per_worker * owner().size();
  return std::make_unique<PoolReader>(owner_, stream, std::move(feed), window);
}

void PoolCallsBase::wait(FutureState& state) const { wait_for_others(state, "for a task of the pool", owner().name()); }

}  // namespace troupe::detail
