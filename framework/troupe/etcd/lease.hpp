// troupe: actors in processes. Apache-2.0, see LICENSE.
// This host's lease at etcd: taken when it is needed, and kept alive. Names that hang on it go when it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <troupe/etcd/members.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/wire/result.hpp>

namespace troupe::etcd::detail {

/// Threads: the loop's.
class Lease {
 public:
  using Then = std::function<void(const Result<std::int64_t>&)>;

  /// @param on_lost  called when it has ended against our will; `with` then takes another one
  Lease(HttpLoop& loop, Members& members, Duration life, std::function<void()> on_lost);

  /// Calls `then` with the lease, at once if there is one.
  void with(Then then);
  /// 0: there is none just now.
  [[nodiscard]] std::int64_t number() const noexcept { return number_; }
  /// It is not kept any more: etcd does not know it, or it is not known what hangs on it.
  void lost(std::int64_t number);
  /// There are some that were lost, and perhaps not at etcd.
  [[nodiscard]] bool has_former() const noexcept { return !former_.empty(); }
  /// Gives those back.
  void end_former();
  /// Gives it back, within `patience`; no other one is taken.
  void end(Duration patience, std::function<void()> then);

 private:
  void begin_beat(Duration pause);
  void beat(std::int64_t number);

  HttpLoop& loop_;
  Members& members_;
  const std::int64_t seconds_;
  const std::function<void()> on_lost_;
  std::int64_t number_ = 0;
  std::vector<std::int64_t> former_;
  Duration beat_every_{};
  std::vector<Then> waiting_;  // while one is taken
  bool ended_ = false;
};

}  // namespace troupe::etcd::detail
