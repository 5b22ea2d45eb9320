// troupe: actors in processes. Apache-2.0, see LICENSE.
// What few actors need beside their mailbox: made when it is needed.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <troupe/node/cell.hpp>
#include <troupe/node/future_state.hpp>
#include <troupe/node/supervision.hpp>
#include <troupe/node/watch.hpp>

namespace troupe::detail {

/// In an outbox: a message, or a job that stands behind messages.
struct LocalCell::Outgoing {
  Counted<Cell> target;
  MailNode* node;
  TimePoint until = TimePoint::max();  // when it may be given up, should the outbox be full
};

struct LocalCell::Extras {
  /// Stands in the mailbox of an actor that sleeps while its outbox waits for room elsewhere.
  struct DrainJob final : Job {
    std::atomic<bool> queued{false};
    void run(LocalCell& cell) override;
    void dispose() noexcept override {}
  };

  /// Wakes the owner when the patience of its outbox's first message ends. The owner lives while it is armed.
  struct OutboxTimer final : Timer {
    std::atomic<bool> armed{false};
    Counted<LocalCell> owner;
    void fire() override;
  };

  std::mutex mutex;  // guards `waiting_*`, and `children` where it is changed or read by others
  std::vector<Counted<Cell>> waiting_senders;
  std::vector<Parker*> waiting_threads;
  std::vector<Counted<TypedState<void>>> waiting_turns;  // of actors with a full outbox
  // The rest belongs to the turns:
  std::deque<Outgoing> outbox;
  std::size_t outbox_bytes = 0;     // of what goes to other processes
  std::atomic<bool> paused{false};  // takes no turns until the outbox has room
  DrainJob drain_job;
  OutboxTimer outbox_timer;
  TimePoint give_up_at = TimePoint::max();  // what the outbox of an ended actor still holds
  std::vector<CellPointer> children;
  std::unordered_map<const Attachment*, std::shared_ptr<Attachment>> attachments;
  std::uint64_t attached = 0;  // so far
  std::multimap<Address, std::shared_ptr<Watch>> watches;
  std::vector<Watcher> watchers;
  std::size_t watchers_looked_at = 0;  // by this number those who have lost interest are thrown out
  std::function<void(EndReason, std::shared_ptr<const ErrorInfo>)> on_end;
  std::shared_ptr<const ErrorInfo> error;
  /// Of a supervisor, whose end takes many turns. @returns true: it ends later
  std::function<bool(const std::shared_ptr<const ErrorInfo>& why)> before_end;

  // Of an actor under a supervisor:
  std::unique_ptr<Supervision> supervision;
  std::atomic<std::uint32_t> incarnation{0};
  bool last = false;                         // it ends for good
  std::shared_ptr<const ErrorInfo> verdict;  // why, if not by itself
  MailNode* first_held = nullptr;            // what came while it was made anew
  MailNode* last_held = nullptr;
};

}  // namespace troupe::detail
