// troupe: actors in processes. Apache-2.0, see LICENSE.
// One actor that is told how another one ended: both ends of a watch.
#pragma once

#include <cstdint>
#include <memory>

#include <troupe/node/cell.hpp>
#include <troupe/node/ending.hpp>
#include <troupe/node/future_state.hpp>

namespace troupe::detail {

/// Who is to be told, at the watched: somebody of this process, or an ask from elsewhere that waits for its answer.
class Watcher {
 public:
  explicit Watcher(Counted<TypedState<Ending>> state) noexcept : state_{std::move(state)} {}
  Watcher(std::shared_ptr<Session> session, std::uint64_t ask) noexcept : session_{std::move(session)}, ask_{ask} {}

  /// To be called once.
  void tell(const Ending& ending) const;
  /// It has ended, or watches no more.
  [[nodiscard]] bool lost_interest() const;

 private:
  Counted<TypedState<Ending>> state_;
  std::shared_ptr<Session> session_;
  std::uint64_t ask_ = 0;
};

/// A watch, at the watcher: ends with its actor.
///
/// Threads: made, used and ended in turns of the watcher, or in its constructor.
class Watch final : public std::enable_shared_from_this<Watch> {
 public:
  /// Called in a turn of the watcher.
  using Told = void (*)(LocalCell& watcher, const Cell& target, const Ending& ending);

  Watch(LocalCell& watcher, CellPointer target, Told told);
  void begin();
  /// Nobody is told any more, also not of an end that has happened.
  void end() noexcept;

 private:
  class Settled;
  class DownJob;
  void settled(const Ending& ending);
  void post(const Ending& ending);
  void run(const Ending& ending);

  const Counted<LocalCell> watcher_;
  const CellPointer target_;
  const Told told_;
  Counted<TypedState<Ending>> state_;
  bool ended_ = false;
};

}  // namespace troupe::detail
