// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/pool.hpp>

#include <utility>

#include <troupe/node/core.hpp>
#include <troupe/patterns/owner.hpp>
#include <troupe/patterns/pool_owner.hpp>

namespace troupe {

namespace {

constexpr auto end_time = std::chrono::seconds{5};  // for processes that were killed

std::size_t at_least_one(int number, const char* what) {
  if (number < 1) throw Misuse{std::string{"pool: "} + what + " must be at least 1"};
  return static_cast<std::size_t>(number);
}

void check(const PoolOptions& options) {
  if (options.place == here) throw Misuse{"pool: its workers are processes of their own; .place = here has none"};
  if (options.max_tasks_per_worker) (void)at_least_one(*options.max_tasks_per_worker, "max_tasks_per_worker");
  if (options.retries < 0) throw Misuse{"pool: retries must not be negative"};
  if (options.task_timeout <= Duration::zero()) throw Misuse{"pool: task_timeout must be positive"};
  if (options.prefetch >= detail::most_pool_slots) throw Misuse{"pool: prefetch must be at most 15"};
  if (options.max_pending == 0) throw Misuse{"pool: max_pending must be at least 1"};
}

}  // namespace

Pool::Pool(Node& node, const PoolOptions& options) {
  check(options);
  std::optional<std::size_t> workers;
  if (options.workers) workers = at_least_one(*options.workers, "workers");
  const bool spread = options.place == every_host && node.core().router().job() != 0;
  if (!workers && !spread) workers = detail::usable_cores();
  owner_ = std::make_shared<detail::PoolOwner>(node.core(), options, workers);
  owner_->begin();
}

Pool& Pool::operator=(Pool&& other) noexcept {
  if (this == &other) return *this;
  end();
  owner_ = std::move(other.owner_);
  return *this;
}

Pool::~Pool() { end(); }

void Pool::end() noexcept {
  if (owner_ == nullptr) return;
  try {
    owner_->terminate();
    (void)detail::wait_for(owner_->ended(), detail::after(node().clock().now(), end_time));
  } catch (const Error&) {
    // It may not wait here; the workers end all the same.
  }
  owner_ = nullptr;
}

void Pool::close() const { owner().close(); }

void Pool::join() const {
  if (!owner().closed()) throw Misuse{"the pool '" + name() + "' is still open: close or terminate it before it is joined"};
  detail::wait_for_others(owner().ended(), "for the end of the pool", name());
}

bool Pool::drain(Duration patience) const {
  close();
  if (detail::wait_for(owner().ended(), detail::after(node().clock().now(), patience))) return true;
  terminate();
  join();
  return false;
}

void Pool::terminate() const { owner().terminate(); }
std::size_t Pool::cancel_pending() const { return owner().cancel_pending(); }
void Pool::resize(int workers) const { owner().resize(at_least_one(workers, "workers")); }
std::size_t Pool::size() const { return owner().size(); }
std::size_t Pool::alive() const { return pids().size(); }
std::vector<int> Pool::pids() const { return owner().pids(); }
Progress Pool::progress() const { return owner().progress(); }
const std::string& Pool::name() const { return owner().name(); }

}  // namespace troupe
