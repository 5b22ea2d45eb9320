// troupe: actors in processes. Apache-2.0, see LICENSE.
// How a child leaves: by exit when all its threads have ended, else without running destructors beside them.
#pragma once

#include <string>
#include <string_view>

namespace troupe::detail {

/// Ends the process with `code`: by std::exit if `all_joined`, else stdout and stderr are flushed as far as no other thread holds
/// them, one line is logged, and the process leaves by _exit: what still runs would meet destroyed statics.
[[noreturn]] void leave(int code, bool all_joined);

/// "TYPE: what" of the exception being handled, or of what else was thrown.
[[nodiscard]] std::string describe_current_exception();

/// To be called in a catch block: writes "troupe: NAME (pid): TYPE: what" to stderr, without throwing.
void report_uncaught(std::string_view name) noexcept;

}  // namespace troupe::detail
