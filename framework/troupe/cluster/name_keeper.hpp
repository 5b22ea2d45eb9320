// troupe: actors in processes. Apache-2.0, see LICENSE.
// The actor that asks the directory for everybody: whose names are published, and who hears of names.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <troupe/actor/actor.hpp>
#include <troupe/cluster/directory.hpp>
#include <troupe/cluster/names.hpp>

namespace troupe::detail {

struct PublishName {
  std::string name;
  NameBytes bytes;
  Ref<class NameKeeper> publisher;  // that of the node
  Ref<class NameKeeper> of;         // what is named; null: nothing that can end. Any actor, not only keepers
};
struct UnpublishName {
  std::string name;
  Ref<class NameKeeper> publisher;
};
struct FindName {
  std::string name;
};
struct AwaitName {
  std::string name;
};
struct WatchNames {
  std::string prefix;
  Ref<class NameKeeper> subscriber;  // any actor
  Recipient<NameUp> up;              // the same, if it takes them
  Recipient<NameDown> down;
};
struct UnwatchNames {
  Ref<class NameKeeper> subscriber;
};

/// Of a node: keeps names for it, or for all whose NameService names it. Every node can have one; one that keeps no names is what
/// those of its node are known by.
class NameKeeper final : public Actor<NameKeeper, PublishName, UnpublishName, FindName, AwaitName, WatchNames, UnwatchNames, Down> {
 public:
  Future<void> on(const PublishName& publish);
  Future<void> on(const UnpublishName& unpublish);
  Future<NameBytes> on(const FindName& find) { return directory().find(find.name); }
  Future<NameBytes> on(const AwaitName& await) { return directory().await(await.name); }
  void on(const WatchNames& watch);
  void on(const UnwatchNames& unwatch);
  void on(const Down& down);

 private:
  using Somebody = Ref<NameKeeper>;
  struct Published {
    Somebody publisher;
    Somebody of;
  };
  /// Told of one change at a time, so that a slow one costs nothing but the latest state of what it has not heard.
  struct Watcher {
    WatchNames watch;
    std::map<std::string, std::uint64_t> told;  // names that are there, with their publications
    std::set<std::string> news;
    bool busy = false;
  };

  Directory& directory();
  void follow(const Somebody& who);
  void listen(Directory::Since since);
  void note(const NameChange& change);
  void tell(const std::shared_ptr<Watcher>& watcher);
  void handled(const std::shared_ptr<Watcher>& watcher, const Result<void>& how);
  template <class Predicate>
  void forget_watchers(Predicate whose);

  std::shared_ptr<Directory> directory_;  // also of who ends this process by a signal
  std::map<std::string, Published> published_;
  std::set<Somebody> followed_;  // until they end
  std::vector<std::shared_ptr<Watcher>> watchers_;
  std::map<std::string, NameEntry> names_;  // as the watchers are to know them
  Future<std::vector<NameChange>> changes_;
  std::uint64_t listens_ = 0;  // calls of `changes` so far
};

}  // namespace troupe::detail
