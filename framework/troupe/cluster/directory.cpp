// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/directory.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <troupe/actor/actor.hpp>
#include <troupe/actor/spawn.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/name_file.hpp>

namespace troupe::detail {

namespace {

struct PublishName {
  std::string name;
  NameEntry entry;
  Ref<class NameKeeper> of;
};
struct UnpublishName {
  std::string name;
};
struct AwaitName {
  std::string name;
};
struct LookForNames {};

NameEntry read_name(const std::string& name) {
  const auto content = NameFile::read(name);
  try {
    return decode<NameEntry>(content);
  } catch (const Malformed&) {
    raise(ErrorType::malformed, "what stands behind the name '" + name + "' is nothing that can be found: it cannot be read");
  }
}

/// Of a node: has its names, and looks for those that somebody waits for.
class NameKeeper final : public Actor<NameKeeper, PublishName, UnpublishName, AwaitName, LookForNames, Down> {
 public:
  Future<void> on(const PublishName& publish) {
    Encoded content;
    encode(content, publish.entry);
    try {
      auto file = std::make_unique<NameFile>(publish.name, content.view());
      published_.insert_or_assign(publish.name, Published{std::move(file), publish.of});
    } catch (const Error& error) {
      return failed_future<void>(error.info());
    }
    if (publish.of) watch(publish.of);
    return ready_future();
  }
  /// @returns whether it was there
  bool on(const UnpublishName& unpublish) { return published_.erase(unpublish.name) != 0; }
  void on(const Down& down) {
    std::erase_if(published_, [&](const auto& each) { return down.is(each.second.of); });
  }
  Future<NameEntry> on(const AwaitName& await) {
    Awaited& awaited = awaited_.emplace_back(Awaited{await.name, {}});
    auto future = awaited.entry.future();
    on(LookForNames{});
    // inotify would need one of the 128 instances that a user has.
    if (!awaited_.empty() && !looking_) looking_.emplace(every(std::chrono::milliseconds{10}, LookForNames{}));
    return future;
  }
  void on(const LookForNames&) {
    std::erase_if(awaited_, [](Awaited& each) { return !each.entry.wanted() || each.look(); });
    if (!awaited_.empty() || !looking_) return;
    looking_->cancel();
    looking_.reset();
  }

 private:
  struct Published {
    std::unique_ptr<NameFile> file;
    Ref<NameKeeper> of;
  };
  struct Awaited {
    std::string name;
    Promise<NameEntry> entry;

    /// @returns whether the promise is kept
    bool look() {
      try {
        entry.set_value(read_name(name));
        return true;
      } catch (const NotFound&) {
        return false;
      } catch (const Error& error) {
        entry.set_error(error);
        return true;
      }
    }
  };

  std::map<std::string, Published> published_;
  std::vector<Awaited> awaited_;
  std::optional<TimerHandle> looking_;
};

CellPointer make_keeper(NodeCore& node) {
  const ContextScope outside_of_actors{&node, nullptr};
  return node.node().spawn<NameKeeper>().pointer();
}

Ref<NameKeeper> keeper_of(NodeCore& node) { return Ref<NameKeeper>{node.resident(&make_keeper)}; }

NameEntry checked(const std::string& name, NameEntry entry, const TypeName& type) {
  if (entry.type == type.id && entry.digest == type.digest) return entry;
  raise(ErrorType::malformed, "the name '" + name + "' is that of a " + entry.type_name + ", not of a " + std::string{type.name} +
                                  (entry.type == type.id ? " as it is here" : ""));
}

}  // namespace

void publish_name(NodeCore& node, const std::string& name, NameEntry entry, CellPointer of) {
  keeper_of(node).ask(PublishName{name, std::move(entry), Ref<NameKeeper>{std::move(of)}}).get();
}

void unpublish_name(NodeCore& node, const std::string& name) {
  if (!keeper_of(node).ask(UnpublishName{name}).get())
    raise(ErrorType::not_found, "the name '" + name + "' is none that this node has published");
}

NameEntry find_name(const std::string& name, const TypeName& type) { return checked(name, read_name(name), type); }

NameEntry wait_for_name(NodeCore& node, const std::string& name, const TypeName& type, Duration patience) {
  auto found = keeper_of(node).ask(AwaitName{name}, patience).result();
  if (found) return checked(name, std::move(*found), type);
  if (found.error().type != ErrorType::timeout) raise(found.error_info());
  raise(ErrorType::timeout, "nobody has published the name '" + name + "' within the patience");
}

}  // namespace troupe::detail

namespace troupe {

void Node::unpublish(const std::string& name) { detail::unpublish_name(core(), name); }

}  // namespace troupe
