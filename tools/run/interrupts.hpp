// troupe: actors in processes. Apache-2.0, see LICENSE.
// SIGINT, SIGTERM, SIGHUP and SIGCONT as something to poll for, with who sent them.
#pragma once

#include <optional>

#include <troupe/node/descriptor.hpp>

namespace troupe::tools {

/// Takes them over for the rest of this process, and SIGPIPE, which becomes an error of `write`. One that is ignored (nohup) stays so.
class Interrupts {
 public:
  Interrupts();

  struct Taken {
    int signal = 0;
    /// The terminal sent it, to all of its foreground's processes.
    bool by_terminal = false;
  };
  [[nodiscard]] int descriptor() const { return signals_.get(); }
  [[nodiscard]] std::optional<Taken> take();  // NOLINT(readability-make-member-function-const): it empties the descriptor

 private:
  detail::Descriptor signals_;
};

}  // namespace troupe::tools
