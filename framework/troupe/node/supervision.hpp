// troupe: actors in processes. Apache-2.0, see LICENSE.
// Who decides what becomes of an actor of this process that has ended, and makes it anew.
#pragma once

#include <memory>

#include <troupe/node/cell.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

/// What a cell knows of its supervisor. While the decision is awaited the cell is vacant: the actor, its timers, children and frames
/// are gone; mailbox, refs and watchers stay.
///
/// Threads: in turns of the cell.
class Supervision {
 public:
  virtual ~Supervision() = default;
  /// Makes the actor anew.
  virtual void* construct() = 0;
  /// It was made anew, and its first turn has ended.
  virtual void started() = 0;
  /// The cell is vacant: somebody calls `restart` or `end`. @returns false: there is nobody, end
  [[nodiscard]] virtual bool vacant(EndReason reason, const std::shared_ptr<const ErrorInfo>& error) = 0;
};

}  // namespace troupe::detail
