// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a pool knows: the tasks that wait, its workers, which of them has what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <troupe/actor/monitor.hpp>
#include <troupe/actor/ref.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/patterns/pool_hosts.hpp>
#include <troupe/patterns/pool_job.hpp>
#include <troupe/patterns/pool_member.hpp>
#include <troupe/patterns/pool_messages.hpp>
#include <troupe/patterns/pool_options.hpp>
#include <troupe/patterns/progress.hpp>

namespace troupe::detail {

class PoolKeeper;

/// A process that is to be started.
struct PoolStart {
  PoolWorkerSetup setup;
  Place place = own_process;
};

/// What the keeper is to do.
struct PoolTodo {
  std::vector<PoolStart> starts;
  TimePoint again = TimePoint::max();  // when to look again
  bool over = false;                   // the pool has ended
};

/// Whoever has a result, or submits a task, also hands on the next tasks: nothing waits for another thread. What may block, and what
/// takes its time, is its keeper's, an actor.
///
/// Lifetime: held by the Pool, its keeper and the answers that are awaited.
/// Threads: safe.
class PoolOwner final : public std::enable_shared_from_this<PoolOwner> {
 public:
  /// @param workers  none: as many as the hosts are good for. @pre then they are spread
  PoolOwner(NodeCore& node, const PoolOptions& options, std::optional<std::size_t> workers);

  [[nodiscard]] NodeCore& node() const noexcept { return node_; }
  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
  [[nodiscard]] const PoolOptions& options() const noexcept { return options_; }

  /// Starts the workers. Blocks until all have answered. @throws what the first that failed did; the others are ended
  void begin();
  /// Puts tasks of `job`, numbered from `first`, behind those that wait. Blocks while there is no room for them.
  /// @throws Closed  the pool is closed; Full: no room by `until`; nothing more was submitted
  void submit(const std::shared_ptr<PoolJob>& job, std::size_t first, std::vector<Bytes>&& tasks, TimePoint until);
  /// Ends the workers that run tasks of `job`.
  void cancel(const PoolJob& job);
  /// Ends all tasks that have not begun as cancelled. @returns how many
  std::size_t cancel_pending();
  /// Nothing more is submitted; once all tasks have ended the workers do.
  void close();
  /// Ends all tasks as closed, and the workers at once.
  void terminate();
  /// The same at the end of the node, which nobody outlives who could say that it has ended.
  void give_up();
  void resize(std::size_t workers);
  /// Settled when it was closed and all tasks and workers have ended.
  [[nodiscard]] FutureState& ended() const noexcept { return *ended_; }

  [[nodiscard]] bool closed() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<int> pids() const;
  [[nodiscard]] Progress progress() const;

  // --- For its keeper ---

  /// Whether its workers are spread over hosts, which are to be said and kept up to date.
  [[nodiscard]] bool spreads() const noexcept;
  void hosts(std::vector<Host> hosts);
  /// From now on large blobs are there for other hosts, as `offered` gives them.
  void offers(Ref<BytesSource> source);
  [[nodiscard]] Bytes offered(std::uint64_t id) const;
  void host_up(const Host& host);
  void host_down(const std::string& name);
  [[nodiscard]] PoolTodo look();
  void started(std::uint64_t number, Ref<PoolWorker> ref);
  void ready(std::uint64_t number, int pid);
  void not_started(std::uint64_t number, const ErrorInfo& why);
  void down(std::uint64_t number, const Down& down);
  enum class Part : std::uint8_t { early, last };
  /// Results have come.
  void arrived(std::uint64_t number, std::size_t slot, const PoolResults& results, Part part);
  /// A worker could not read what it was sent, or what it answered could not be read.
  void refused(std::uint64_t number, std::size_t slot, std::shared_ptr<const ErrorInfo> why);

 private:
  class Arrival;
  using Members = std::unordered_map<std::uint64_t, std::unique_ptr<PoolMember>>;
  /// What a job is told when the mutex is free again.
  struct Outcome {
    PoolItem item;
    PoolResultKind kind = PoolResultKind::value;
    std::span<const std::byte> encoded;
    std::shared_ptr<const ErrorInfo> error = nullptr;
  };
  using Outcomes = std::vector<Outcome>;
  static void deliver(Outcomes& outcomes);

  // Under the mutex. Handing on:

  void check_open() const;
  void wait_for_room(std::unique_lock<std::mutex>& lock, TimePoint until);
  void dispatch(Outcomes& outcomes);
  [[nodiscard]] PoolMember* roomiest();
  [[nodiscard]] static bool may_wait(const PoolItem& item);
  bool drop_unwanted(Outcomes& outcomes);
  [[nodiscard]] std::size_t parcel_size(const PoolMember& member, const PoolJob& job) const;
  bool give(PoolMember& member, Outcomes& outcomes);
  void send(PoolMember& member, std::size_t slot, Outcomes& outcomes);
  [[nodiscard]] PoolBatch describe(PoolMember& member, std::size_t slot);
  [[nodiscard]] PoolBlobOnWire on_wire(const std::shared_ptr<const PoolBlob>& blob, bool elsewhere);
  void release(PoolMember& member, PoolParcel& parcel);
  void put_back(PoolItem&& item);
  bool take_back(PoolMember& member);
  bool take_from_rich();
  void line_up(PoolMember& member);
  void finished(std::size_t tasks);
  void fail(PoolItem&& item, Outcomes& outcomes, std::shared_ptr<const ErrorInfo> error);

  // Life:

  void want_look();
  void begin_if_ready();
  void end_all(Outcomes& outcomes, const std::shared_ptr<const ErrorInfo>& why);
  void break_off(const ErrorInfo& why, Outcomes& outcomes);
  void start_failed(const ErrorInfo& why, Outcomes& outcomes);
  void lose(PoolMember& member, const ErrorInfo& how, Outcomes& outcomes);
  [[nodiscard]] std::shared_ptr<const ErrorInfo> worker_died(const PoolMember& member, const PoolItem& item, const ErrorInfo& how,
                                                             Executed executed) const;
  void remove(std::uint64_t number);
  void retire(PoolMember& member);
  void adjust(PoolTodo& todo, TimePoint now);
  void watch_tasks(PoolTodo& todo, TimePoint now, Outcomes& outcomes);
  void watch_timeouts(PoolMember& member, PoolTodo& todo, TimePoint now) const;
  [[nodiscard]] PoolStart new_member();
  [[nodiscard]] bool spent(const PoolMember& member) const noexcept;
  [[nodiscard]] PoolHosts::Workers workers_by_host() const;
  [[nodiscard]] std::size_t wanted_workers() const;
  void spread(const std::vector<PoolMember*>& candidates, std::size_t& living);

  NodeCore& node_;
  const PoolOptions options_;
  const Counted<TypedState<void>> begun_;
  const Counted<TypedState<void>> ended_;
  Ref<PoolKeeper> keeper_;

  mutable std::mutex mutex_;
  std::optional<std::size_t> size_;  // none: as many as the hosts are good for
  PoolHosts hosts_;
  Members members_;
  std::vector<std::list<PoolMember*>> lines_;  // by busy slots: those that can take more; the last: those that cannot
  std::list<PoolMember*> rich_;
  std::list<PoolMember*> poor_;  // the others
  std::size_t ready_ = 0;
  std::uint64_t last_number_ = 0;
  std::deque<PoolItem> queue_;
  std::unordered_map<const PoolCode*, PoolCost> costs_;
  Ref<BytesSource> source_;                                         // null: there are no other hosts
  std::map<std::uint64_t, std::weak_ptr<const PoolBlob>> offered_;  // there, by number
  std::vector<Counted<TypedState<void>>> room_waiters_;

  std::size_t tasks_ = 0;  // without a result
  std::size_t timed_ = 0;  // of them, at workers and with a timeout
  std::size_t done_ = 0;   // since it last had nothing to do
  std::size_t total_ = 0;
  TimePoint busy_since_{};

  bool closed_ = false;
  bool look_wanted_ = false;
  bool over_ = false;  // its keeper has ended
  bool all_began_ = false;
  std::shared_ptr<const ErrorInfo> broken_;  // why no worker can be had
  unsigned failures_ = 0;                    // starts that failed since a task was done
  TimePoint next_start_{};
};

}  // namespace troupe::detail
