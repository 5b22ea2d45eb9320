// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/names.hpp>

#include <utility>

#include <troupe/cluster/name_keeper.hpp>
#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

Ref<NameKeeper> keeper_of(NodeCore& node) { return Ref<NameKeeper>{node.names().keeper()}; }
Ref<NameKeeper> known_as(NodeCore& node) { return Ref<NameKeeper>{node.names().own()}; }

NameEntry read_entry(const std::string& name, const NameBytes& bytes) {
  try {
    return decode<NameEntry>(bytes);
  } catch (const Malformed&) {
    raise(ErrorType::malformed, "what stands behind the name '" + name + "' is nothing that can be found: it cannot be read");
  }
}

}  // namespace

void check_name_entry(const std::string& name, const NameEntry& entry, const TypeName& type) {
  if (entry.type == type.id && entry.digest == type.digest) return;
  raise(ErrorType::malformed, "the name '" + name + "' is that of a " + entry.type_name + ", not of a " + std::string{type.name} +
                                  (entry.type == type.id ? " as it is here" : ""));
}

void publish_name(NodeCore& node, const std::string& name, NameEntry entry, const CellPointer& of) {
  check_name(name);
  entry.publication = node.random_number();
  Encoded bytes;
  encode(bytes, entry);
  if (bytes.size() > largest_name_bytes) raise(name_refused(name, "what should stand behind it is too large"));
  const auto content = bytes.view();
  keeper_of(node).ask(PublishName{name, {content.begin(), content.end()}, known_as(node), Ref<NameKeeper>{of}}).get();
}

NameEntry find_name(NodeCore& node, const std::string& name) {
  check_name(name);
  return read_entry(name, keeper_of(node).ask(FindName{name}).get());
}

NameEntry wait_for_name(NodeCore& node, const std::string& name, Duration patience) {
  check_name(name);
  const auto keeper = keeper_of(node);
  auto found = keeper.ask(AwaitName{name}, patience).result();
  if (found) return read_entry(name, *found);
  if (found.error().type != ErrorType::timeout) raise(found.error_info());
  // Nobody has published it, or nobody could say.
  found = keeper.ask(FindName{name}, std::chrono::seconds{1}).result();
  if (found) return read_entry(name, *found);
  if (found.error().type == ErrorType::not_found)
    raise(ErrorType::timeout, "nobody has published the name '" + name + "' within the patience");
  if (found.error().type != ErrorType::timeout) raise(found.error_info());
  raise(ErrorType::node_lost, "whether anybody has the name '" + name + "' is not known: the directory does not answer");
}

void watch_names(NodeCore& node, const std::string& prefix, const CellPointer& subscriber, Recipient<NameUp> up, Recipient<NameDown> down) {
  if (!subscriber) raise_null_ref();
  keeper_of(node).ask(WatchNames{prefix, Ref<NameKeeper>{subscriber}, std::move(up), std::move(down)}).get();
}

void unwatch_names(NodeCore& node, const CellPointer& subscriber) {
  if (!subscriber) raise_null_ref();
  keeper_of(node).ask(UnwatchNames{Ref<NameKeeper>{subscriber}}).get();
}

}  // namespace troupe::detail

namespace troupe {

void Node::unpublish(const std::string& name) const {
  detail::keeper_of(core()).ask(detail::UnpublishName{name, detail::known_as(core())}).get();
}

}  // namespace troupe
