// troupe: actors in processes. Apache-2.0, see LICENSE.
// The child's side of a start: what this process is to be, and how it learns of its parent's death.
#pragma once

#include <troupe/node/descriptor.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::detail {

/// Processes below the first one: guards against programs whose start starts them again.
inline constexpr int max_process_depth = 10;

struct Role {
  /// `ChildSpec::role` of the parent.
  std::vector<std::byte> bytes;
  std::string name;
  /// Hangs up (readable, end of file) when the parent died. To be held for life.
  Descriptor parent;
  int parent_pid = 0;
  /// 1 for a child of the first process.
  int depth = 0;
};

/// What this process was started for; nothing if it is no child, or has taken its role already. To be called on the main thread,
/// before other threads run: it changes the environment. From then on this process dies with its parent, SIGINT interrupts calls but
/// ends nothing (what it executes gets the default back), and it is named after its program again instead of "exe".
/// With TROUPE_WAIT_CHILD=name in the environment, a child of that name prints its pid and stops for a debugger.
///
/// If the parent is dead already, the process leaves with exit code 1 and does not return.
/// @throws misuse     the role belongs to another process (inherited through a program that did not take it)
/// @throws malformed  TROUPE_ROLE is not ours, or the parent is another version of troupe
[[nodiscard]] std::optional<Role> take_role();

/// This process was started as a child and has not taken its role.
[[nodiscard]] bool role_pending() noexcept;

/// The depth of this process: 0 for the first, and until the role is taken.
[[nodiscard]] int process_depth() noexcept;

/// Writes the role as `take_role` reads it to a descriptor in memory, at its beginning. For the launcher.
/// @throws full  no descriptor or memory is left
[[nodiscard]] Descriptor write_role(std::span<const std::byte> bytes, const std::string& name, int depth);

/// The descriptors on which a child finds its role and its parent's life until it takes them.
inline constexpr int role_descriptor = 3;
inline constexpr int parent_descriptor = 4;
inline constexpr const char* role_variable = "TROUPE_ROLE";
inline constexpr const char* role_value = "3:4";

}  // namespace troupe::detail
