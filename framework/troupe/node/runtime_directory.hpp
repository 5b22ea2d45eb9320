// troupe: actors in processes. Apache-2.0, see LICENSE.
// The directory of this user for sockets, locks and names: private, and short enough for socket paths.
#pragma once

#include <cstddef>
#include <string>

namespace troupe::detail {

/// Room for a file's name below the runtime directory, in bytes: the kernel's 107 for a socket path are shared between the two.
inline constexpr std::size_t runtime_name_bytes = 48;

/// The directory `troupe-UID`, made with mode 0700 if missing, below the first of XDG_RUNTIME_DIR, TMPDIR and /tmp that is an absolute
/// path to a directory that we may write to and that is short enough. Checked at each call; equal environments give equal answers.
///
/// @throws refused    what stands there is a link, no directory, another user's, or open to others; nothing was changed
/// @throws not_found  none of the three can be used; the text says why, for each
[[nodiscard]] std::string runtime_directory();

}  // namespace troupe::detail
