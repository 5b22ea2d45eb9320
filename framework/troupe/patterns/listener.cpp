// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/listener.hpp>

#include <troupe/actor/actor.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/name_file.hpp>

namespace troupe::detail {

namespace {

/// Has the name, until the actor that it names has ended, or the node.
class NameKeeper final : public Actor<NameKeeper, Down> {
 public:
  NameKeeper(const CellPointer& of, const std::string& name, const Encoded& content) : file_{name, content.view()} {
    watch(Ref<NameKeeper>{of});
  }
  void on(const Down&) { stop(); }

 private:
  const NameFile file_;
};

}  // namespace

void publish(const CellPointer& of, const std::string& name, const ListenerOnWire& content) {
  if (!of->local()) throw Misuse{"a listener is published by the node that made it"};
  Encoded encoded;
  encode(encoded, content);
  const ContextScope outside_of_actors{&of->node(), nullptr};
  of->node().node().spawn<NameKeeper>(of, name, encoded);
}

ListenerOnWire find_published(const std::string& name, const TypeName& type) {
  auto found = decode<ListenerOnWire>(NameFile::read(name));
  if (found.type == type.id && found.digest == type.digest) return found;
  raise(ErrorType::malformed, "the connections of '" + name + "' carry " + found.type_name + ", not " + std::string{type.name} +
                                  (found.type == type.id ? " as it is here" : ""));
}

}  // namespace troupe::detail
