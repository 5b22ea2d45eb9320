// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/python.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

#include "benchmarks/command.hpp"

namespace bench {

double python_figure(const char* figure, std::size_t count) {
  const std::string output = output_of("exec python3 '" TROUPE_SOURCE_DIR "/benchmarks/python_figures.py' " + std::string{figure} + ' ' +
                                       std::to_string(count) + " 2>&1");
  double value = 0;
  const auto [end, error] = std::from_chars(output.data(), output.data() + output.size(), value);
  if (error != std::errc{} || end != output.data() + output.size()) throw std::runtime_error{output};
  return value;
}

bool has_python() {
  static const bool has = output_of("python3 -c 'print(1)' 2>&1") == "1";
  return has;
}

}  // namespace bench
