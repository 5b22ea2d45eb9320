// troupe: actors in processes. Apache-2.0, see LICENSE.
// Asks to other processes that wait for their answer.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <troupe/node/counted.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

class Session;

/// Threads: safe.
class PendingAsks {
 public:
  /// Keeps a share of `state` until it is taken, removed or failed. @returns the number to be answered under, never 0
  std::uint64_t add(FutureState& state, Session& session);
  /// @returns the state that waits under `id`; null if nobody does any more
  [[nodiscard]] Counted<FutureState> take(std::uint64_t id);
  void remove(FutureState& state) { (void)take(state.ask_id()); }
  /// The way that the ask went; null: it is answered.
  [[nodiscard]] std::shared_ptr<Session> session_of(std::uint64_t id);
  /// Ends every ask that went through `session`.
  void fail_all(const Session& session, const std::shared_ptr<const ErrorInfo>& reason);
  void fail_all(const std::shared_ptr<const ErrorInfo>& reason);

 private:
  struct Slot {
    Counted<FutureState> state;
    Session* session = nullptr;  // lives: its end fails what waits here
    std::uint32_t generation = 0;
  };

  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace troupe::detail
