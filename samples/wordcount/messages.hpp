// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the foreman and the counters say to each other.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace wordcount {

/// The part of a file between two offsets in bytes. A word belongs to the slice in which it begins.
struct Slice {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A file that was left out, and why.
struct Skipped {
  std::string path;
  std::string reason;
  bool failed = false;  // it could not be read; else it is not text
  auto operator<=>(const Skipped&) const = default;
};

/// Asks a counter for the id of its process.
struct Who {};
/// Who a worker is.
struct Identity {
  int pid = 0;
  std::string host;
};

/// Asks a counter to count the words of some slices. The answer, a Counted, is its request for more.
struct Count {
  std::vector<Slice> slices;
};
struct Counted {
  std::uint64_t files = 0;  // whose first slice was among them
  std::uint64_t bytes = 0;
  std::uint64_t passed = 0;  // bytes counted or skipped
  std::uint64_t words = 0;
  double seconds = 0;
  std::vector<Skipped> skipped;
};

/// Asks a counter for what it has counted so far; it forgets what it hands over. One answer brings about a mebibyte.
struct Report {};
struct Tally {
  std::vector<std::pair<std::string, std::uint64_t>> words;
  bool more = false;
};

/// Asks the foreman how far the work is.
struct Look {};
struct Progress {
  std::uint64_t bytes = 0;  // of files counted or skipped
  std::vector<std::string> deaths;
};

}  // namespace wordcount
