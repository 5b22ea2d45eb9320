// troupe: actors in processes. Apache-2.0, see LICENSE.
// Functions that a child process can be told to run: known in every process of the same program before main.
#pragma once

#include <cstddef>
#include <span>

namespace troupe::detail {

class NodeCore;
struct CodeKey;

/// Runs in the child, on its main thread, with the arguments that the parent encoded: begins the actor that the process is for, or
/// is what the process is for.
/// @returns the exit code of a function; of an actor it is not looked at
using EntryFunction = int (*)(NodeCore& node, std::span<const std::byte> arguments);

/// Registers a function; a static of the template that needs it, so that whoever instantiates it has it registered.
class Entry {
 public:
  explicit Entry(EntryFunction entered) noexcept;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  [[nodiscard]] EntryFunction function() const noexcept { return function_; }

 private:
  friend EntryFunction find_entry(const CodeKey& key);
  const EntryFunction function_;
  const Entry* const next_;
};

/// The registered function with this key; never another address.
/// @throws NotFound  this program does not have it; the text says what to do
[[nodiscard]] EntryFunction find_entry(const CodeKey& key);

}  // namespace troupe::detail
