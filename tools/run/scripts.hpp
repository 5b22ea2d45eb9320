// troupe: actors in processes. Apache-2.0, see LICENSE.
// The shell scripts beside this file, as the command carries them.
#pragma once

#include <string_view>

namespace troupe::tools {

extern const std::string_view host_sh, task_sh;

}  // namespace troupe::tools
