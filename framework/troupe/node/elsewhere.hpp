// troupe: actors in processes. Apache-2.0, see LICENSE.
// What a node has done about other hosts: declared here, and defined where these are known, in cluster/.
#pragma once

#include <memory>
#include <string>

#include <troupe/node/cell.hpp>
#include <troupe/node/entry.hpp>

namespace troupe {
class Node;
class Place;
struct ProcessOptions;
}  // namespace troupe

namespace troupe::detail {

class Encoded;
class ProcessState;

/// Begins what `NodeOptions::listen` or `join` say. With `join` it serves the head, and does not return.
/// @throws Refused, Misuse  the head does not take this host
void begin_hosts(Node& node);

/// Starts a process for an actor at `place`, which is neither here nor just in a process of its own.
/// @throws NotFound  there is no such host. @throws Misuse  the place is for pools. @throws NodeLost  the host, or the head, was lost
/// Blocks until it runs.
[[nodiscard]] CellPointer start_elsewhere(NodeCore& node, const Place& place, EntryFunction entry, const Encoded& arguments,
                                          std::string name);

/// The same of a process that runs a function, at `options.place`.
[[nodiscard]] std::shared_ptr<ProcessState> start_elsewhere(NodeCore& node, EntryFunction entry, const Encoded& arguments,
                                                            const ProcessOptions& options);

}  // namespace troupe::detail
