// troupe: actors in processes. Apache-2.0, see LICENSE.
// How figures are told: lines for people and scripts, JSON, a picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/rounds.hpp"

namespace bench {

/// How a figure stands to a target.
struct Verdict {
  double ratio = 0;  // to the figure beside; without one, the figure itself
  bool reached = false;
};
/// @param group  holds the figure that it is judged by
/// @returns nothing: there is no target, or one of the two figures is unknown
[[nodiscard]] std::optional<Verdict> judge(const Figure& figure, const Target& target, const std::vector<Figure>& group);

/// With four digits that mean something.
[[nodiscard]] std::string text_of(double value);

/// A line per figure: name, median, unit; behind the `#`: minimum, maximum, target. Failures go to stderr too.
void print_figures(const std::vector<Figure>& group);

/// @throws std::runtime_error  the file can't be written
void write_json(const std::vector<Figure>& figures, const std::string& path);
/// An SVG: our bars beside those they are judged by. @throws std::runtime_error  the file can't be written
void write_plot(const std::vector<Figure>& figures, const std::string& path);

}  // namespace bench
