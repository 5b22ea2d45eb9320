// troupe: actors in processes. Apache-2.0, see LICENSE.
// What the nodes of this user tell of themselves, within a time limit: those that hang are named, and the others are heard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <troupe/node/clock.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/report.hpp>

#include "find_nodes.hpp"

namespace CLI {
class App;
}

namespace troupe::tools {

/// What the commands that inspect nodes have in common.
struct Inspection {
  double patience_s = 2;  // the longest that a node is waited for
  std::string directory;  // only the nodes there; empty: wherever this user's are
  bool json = false;
};
void add_options(CLI::App& command, Inspection& inspection);
[[nodiscard]] troupe::Duration to_duration(double seconds);

/// One node.
struct Answer {
  FoundNode node;
  std::string process;                               // the name of its process
  std::optional<troupe::detail::NodeReport> report;  // nothing: see `problem`
  std::string problem;                               // for people
};

/// A node itself, while it asks: those asked see one more peer for that time, and do not tell of it.
///
/// Threads: one.
class Asker {
 public:
  /// @throws Error  there is no runtime directory for a node
  explicit Asker(const Inspection& inspection);

  /// All that there are, in the order in which they began; of who ends meanwhile nothing.
  [[nodiscard]] std::vector<Answer> ask_all();
  /// Once more those who have answered, `pause` later.
  [[nodiscard]] std::vector<Answer> ask_again(const std::vector<Answer>& before, troupe::Duration pause);
  /// Where it looks.
  [[nodiscard]] const std::vector<std::string>& directories() const noexcept { return directories_; }

 private:
  [[nodiscard]] std::vector<Answer> ask(const std::vector<FoundNode>& nodes);

  const troupe::Duration patience_;
  troupe::Node node_;
  const std::vector<std::string> directories_;
};

/// Tells people that there are no nodes. @returns 0: that is no error
int say_nobody(const Asker& asker);

}  // namespace troupe::tools
