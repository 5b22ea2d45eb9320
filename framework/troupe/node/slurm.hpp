// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a step of Slurm's says to a program that it has started on several nodes: who it is, and where its head is.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// The place of this process in a step of more than one node. One host node per node of Slurm's; the first is the head.
struct SlurmStep {
  enum class Part {
    head,    // listens at `endpoint` and runs main
    member,  // joins at `endpoint`
    spare,   // a further task of a node that has its host node: nothing is left to do, it leaves with 0
  };
  Part part = Part::head;
  /// tcp://ADDRESS:PORT; the port is one of 20000 to 29999, by job and step. A head that does not know its address listens on all.
  std::string endpoint;
  /// Slurm's name of the node.
  std::string name;
  /// Processors that the step has on this node.
  std::size_t slots = 0;
  /// As scancel takes it: JOB.STEP.
  std::string id;
  std::size_t nodes = 0;

  /// Why there is no step without keys, and what to type.
  [[nodiscard]] std::string needs_keys() const;
};

/// A variable of the environment; null: there is none.
using Environment = std::function<const char*(const char* variable)>;
/// An address at which other nodes reach a node; empty: it is not known.
using NodeAddress = std::function<std::string(const std::string& node)>;

/// Reads the step from its environment; nothing outside of one, in a step of one node, and with TROUPE_SLURM=0.
/// @throws malformed  a variable of the step's is missing or says what it should not
/// @throws not_found  a member that does not know the address of the head
[[nodiscard]] std::optional<SlurmStep> slurm_step(const Environment& environment, const NodeAddress& address);

/// The step of this process, which takes it: what it starts in turn does not find it again. To be called on the main thread, before
/// other threads run: it changes the environment. May ask a name server and `scontrol`. @throws as above
[[nodiscard]] std::optional<SlurmStep> take_slurm_step();

/// The nodes of a list such as `n[1-3,07-09],m,r[1-2]c[0-1]`.
/// @throws malformed  it is no such list, or has more than 100,000 nodes
[[nodiscard]] std::vector<std::string> expand_nodes(std::string_view list);

/// The address in the output of `scontrol show node --oneliner`; empty: there is none.
[[nodiscard]] std::string address_in_scontrol(std::string_view output);

}  // namespace troupe::detail
