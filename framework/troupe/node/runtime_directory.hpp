// troupe: actors in processes. Apache-2.0, see LICENSE.
// The directory of this user for sockets, locks and names: private, and short enough for socket paths.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::detail {

/// Room for a file's name below the runtime directory, in bytes: the kernel's 107 for a socket path are shared between the two.
inline constexpr std::size_t runtime_name_bytes = 48;

/// The directory `troupe-UID`, made with mode 0700 if missing, below the first of XDG_RUNTIME_DIR, TMPDIR and /tmp that is an absolute
/// path to a directory that we may write to and that is short enough. Checked at each call; equal environments give equal answers.
///
/// @throws refused    what stands there is a link, no directory, another user's, or open to others; nothing was changed
/// @throws not_found  none of the three can be used; the text says why, for each
[[nodiscard]] std::string runtime_directory();

/// Where nodes of this user may have theirs, whatever environment they were started in: the directories of that name that are there
/// below XDG_RUNTIME_DIR, TMPDIR, /run/user/UID and /tmp, and that `runtime_directory` would trust.
[[nodiscard]] std::vector<std::string> runtime_directories();

}  // namespace troupe::detail
