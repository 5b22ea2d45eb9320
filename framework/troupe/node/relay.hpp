// troupe: actors in processes. Apache-2.0, see LICENSE.
// Passes on what children write to stdout and stderr, in whole lines, and remembers their last errors.
#pragma once

#include <troupe/node/descriptor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::detail {

struct RelayOptions {
  /// Kept per stream while our own output does not take it, in bytes; then the child waits. 1 MiB.
  std::size_t buffered_bytes = 1 << 20;
  /// A longer line is passed on in pieces, in bytes. 64 KiB.
  std::size_t line_bytes = 64 << 10;
  /// Kept of each child's stderr for its `WorkerDied`: lines, and bytes in all. 20 and 4 KiB.
  std::size_t error_lines = 20;
  std::size_t error_bytes = 4 << 10;
  /// Where it goes; for tests.
  int out = 1;
  int err = 2;
};

/// What happens at a child's end. Called on the relay's thread, must not block; either may be empty.
struct RelayEnd {
  /// The pipes are read and closed; the last lines of stderr, each with its newline.
  std::function<void(std::string last_errors)> read;
  /// Everything was written or given up.
  std::function<void()> written;
};

/// Relays the output of any number of children through one thread, started with the first. Lines of different children never mix: a
/// line that another child's output interrupts (longer than `line_bytes`, or without a newline at its child's end) gets a newline.
/// What cannot be written because the reader has gone is dropped; no SIGPIPE is raised.
///
/// Threads: every member from any; none waits for our output but the destructor.
class Relay {
 public:
  explicit Relay(RelayOptions options = {});
  /// Finishes all and waits until everything was written, which is up to whoever reads our output; `abandon` first to wait for nobody.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Takes over a child's pipes (non-blocking; either may be none). `id` is the caller's, not in use here; `prefix` stands before each
  /// line.
  void add(std::uint64_t id, Descriptor out, Descriptor err, std::string prefix = {});

  /// The last lines the child wrote to stderr so far; empty once finished.
  [[nodiscard]] std::string last_errors(std::uint64_t id) const;

  /// To be called when the child is dead: reads what lies in its pipes without waiting for their end (a stranger may hold them open),
  /// closes them, writes, forgets the child. An unknown `id` ends at once.
  void finish(std::uint64_t id, RelayEnd end = {});
  /// Waits for up to `patience` until everything was written. @returns whether it was
  bool finish(std::uint64_t id, std::chrono::milliseconds patience);

  /// Drops what is not written yet and all that comes: for a program that must end now.
  void abandon();

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace troupe::detail
