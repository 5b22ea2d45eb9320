// troupe: actors in processes. Apache-2.0, see LICENSE.
// Python's multiprocessing at the same work, where python3 is there: python_figures.py says what it does.
#pragma once

#include <algorithm>
#include <cstddef>

#include "benchmarks/measurement.hpp"

namespace bench {

/// The name of a function of python_figures.py, as a template's argument.
template <std::size_t size>
struct PythonName {
  char text[size];
  consteval PythonName(const char (&name)[size]) { std::copy_n(name, size, text); }  // NOLINT(google-explicit-constructor)
};

/// Has a fresh interpreter do `figure`, `count` times. @throws std::runtime_error  with what it said instead of a number
[[nodiscard]] double python_figure(const char* figure, std::size_t count);

/// The same as a Measure.
template <PythonName figure, std::size_t count>
double python(const Run& run) {
  return python_figure(figure.text, run.count(count));
}

/// Without it the figures called `py-...` are left out.
[[nodiscard]] bool has_python();

}  // namespace bench
