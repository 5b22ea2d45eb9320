// troupe: actors in processes. Apache-2.0, see LICENSE.
// What SIGINT and SIGTERM do to the first process of a program.
#pragma once

namespace troupe::detail {

class NodeCore;

/// SIGINT ends the processes of `node` and then this one, within two seconds. SIGTERM lets them finish what they were told
/// before; a second one ends like SIGINT. In the end the signal is raised again, so that a shell sees it.
void watch_interrupts(NodeCore& node);

}  // namespace troupe::detail
