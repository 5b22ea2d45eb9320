// troupe: actors in processes. Apache-2.0, see LICENSE.
// What few actors need beside their mailbox: made when it is needed.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <troupe/node/cell.hpp>

namespace troupe::detail {

struct LocalCell::Extras {
  struct Outgoing {
    Counted<Cell> target;
    MailNode* node;  // a message, or a job that stands behind messages
  };
  /// Stands in the mailbox of an actor that sleeps while its outbox waits for room elsewhere.
  struct DrainJob final : Job {
    std::atomic<bool> queued{false};
    void run(LocalCell& cell) override;
    void dispose() noexcept override {}
  };

  std::mutex mutex;  // guards `waiting_*`
  std::vector<Counted<Cell>> waiting_senders;
  std::vector<Parker*> waiting_threads;
  // The rest belongs to the turns:
  std::deque<Outgoing> outbox;
  std::atomic<bool> paused{false};  // takes no turns until the outbox has room
  DrainJob drain_job;
  std::vector<CellPointer> children;
  std::unordered_map<const Attachment*, std::shared_ptr<Attachment>> attachments;
  std::function<void(EndReason, std::shared_ptr<const ErrorInfo>)> on_end;
  std::shared_ptr<const ErrorInfo> error;
};

}  // namespace troupe::detail
