// troupe: actors in processes. Apache-2.0, see LICENSE.
// Measures figures in turns, each time in a fresh process, and keeps what every round gave.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmarks/measurement.hpp"

namespace bench {

/// What all rounds gave for one figure, in order of size; empty: it could not be had.
struct Figure {
  const Measurement* measurement = nullptr;
  Cores cores = Cores::free;
  std::vector<double> values = {};
  std::string failure = {};  // of the last round that failed

  /// With `-pinned` where that applies.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] bool known() const { return !values.empty(); }
  /// @pre known()
  [[nodiscard]] double middle() const { return values[values.size() / 2]; }
};

/// Takes some minutes. `done` is called with each figure as soon as its last round is over.
/// @returns the same figures
std::vector<Figure> measure_in_rounds(const std::vector<const Measurement*>& chosen, int rounds, Effort effort,
                                      const std::function<void(const std::vector<Figure>& group)>& done);

/// One round of one figure; to be called in the fresh process: prints it, or why there is none. @returns the exit code
int measure_here(const Measurement& measurement, const Run& run);

}  // namespace bench
