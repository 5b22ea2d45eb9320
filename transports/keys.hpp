// troupe: actors in processes. Apache-2.0, see LICENSE.
// The keys of a job: one pair that all of its hosts have, in a directory that its user copies to each of them.
#pragma once

#include <string>

#include "transports/zmq_socket.hpp"

namespace troupe::detail {

/// What stands in a new `node.key`.
[[nodiscard]] std::string new_key();

/// Makes `directory`, if it is missing, and in it `node.key`, mode 0600: the secret half, from which the public one follows.
/// @throws Refused  there is a key already, or the directory can't be written to; nothing was changed
void make_keys(const std::string& directory);

/// @throws NotFound   there is no `node.key`
/// @throws Refused    it is another user's, or others may read it
/// @throws Malformed  it holds no key
[[nodiscard]] CurveKeys load_keys(const std::string& directory);

}  // namespace troupe::detail
