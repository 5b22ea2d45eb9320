// troupe: actors in processes. Apache-2.0, see LICENSE.
// Whether this process has descriptors left for another socket.
#pragma once

#include <string_view>

namespace troupe::detail {

/// Descriptors that no bind or dial may use up: libzmq aborts the process when it can't accept a connection on ipc for want of one.
constexpr int descriptor_reserve = 32;

/// Checks that more than `descriptor_reserve` descriptors are free.
/// @throws Refused  they are not; `what` could not be done
void require_descriptors(std::string_view what);

}  // namespace troupe::detail
