// troupe: actors in processes. Apache-2.0, see LICENSE.
// On which cores the two sides of a measurement run, and who disturbs them.
#pragma once

#include "benchmarks/measurement.hpp"

namespace bench {

/// Whether there are two cores to pin to.
[[nodiscard]] bool can_pin();

/// The asking side. To be called before any thread starts: threads inherit the core. Processes started later know by the
/// environment that they are the answering side.
void begin_asking_side(Cores cores);

/// This process was started by the asking side.
[[nodiscard]] bool is_answering_side();
/// Goes to the other core, if the asking side is pinned. Before any thread starts.
void begin_answering_side();

/// A process that computes as hard as it can, for as long as this object lives; pinned runs have it beside the answering side.
/// To be made before any thread starts.
class BusyNeighbour {
 public:
  explicit BusyNeighbour(Cores cores);
  ~BusyNeighbour();
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

 private:
  const int pid_;
};

}  // namespace bench
