// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a supervisor does when a child ends: the words and numbers.
#pragma once

#include <chrono>
#include <cstdint>

#include <troupe/node/clock.hpp>

namespace troupe {

/// Who is made anew when a child has ended.
enum class Strategy : std::uint8_t {
  one_for_one,   // that child
  one_for_all,   // all children, since none works without the others
  rest_for_one,  // it and those that were started after it
};
using enum Strategy;

/// After which ends a child is made anew.
enum class Restart : std::uint8_t {
  permanent,  // all
  transient,  // `failed` and `killed`, not `normal`
  temporary,  // none
};
using enum Restart;

struct SupervisorOptions {
  Strategy strategy = Strategy::one_for_one;
  /// Restarts that are bearable within `within`; at the next one the supervisor gives up, and is ended or made anew by the one above.
  unsigned max_restarts = 3;
  Duration within = std::chrono::seconds{60};
  /// Pause before the first restart of a child within `within`; each further one doubles it. Up to half of it is left out, by chance,
  /// so that many do not come back at the same moment.
  Duration backoff = std::chrono::milliseconds{10};
  Duration max_backoff = std::chrono::seconds{10};
};

struct ChildOptions {
  Restart restart = Restart::permanent;
  /// How long its end may take. Then an actor of this process is killed after its turn; a process gets SIGTERM, and SIGKILL a second
  /// later. Of a supervisor it is not used: its children have their own.
  Duration stop_timeout = std::chrono::seconds{5};
};

}  // namespace troupe
