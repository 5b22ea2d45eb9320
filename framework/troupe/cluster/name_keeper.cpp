// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/name_keeper.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <troupe/actor/spawn.hpp>
#include <troupe/cluster/file_directory.hpp>
#include <troupe/cluster/memory_directory.hpp>
#include <troupe/node/core.hpp>
#include <troupe/wire/log.hpp>

namespace troupe::detail {

namespace {

constexpr Duration patience_at_interrupt = std::chrono::milliseconds{300};

}  // namespace

CellPointer make_name_keeper(NodeCore& node) {
  const ContextScope outside_of_actors{&node, nullptr};
  return node.node().spawn<NameKeeper>().pointer();
}

Directory& NameKeeper::directory() {
  if (directory_ == nullptr) {
    if (const auto& make = node().core().options().directory) {
      directory_ = make();
    } else if (node().core().router().job() != 0) {
      directory_ = std::make_unique<MemoryDirectory>();  // this is the head: others ask it
    } else {
      directory_ = std::make_unique<FileDirectory>();
    }
    if (directory_ == nullptr) throw Misuse{"NodeOptions::directory made nothing"};
    node().core().names().before_interrupt([weak = std::weak_ptr{directory_}] {
      if (const auto living = weak.lock()) living->leave(patience_at_interrupt);
    });
  }
  return *directory_;
}

// --- Whose names are published --------------------------------------------------------------------------------------------

Future<void> NameKeeper::on(const PublishName& publish) {
  Promise<void> done;
  auto future = done.future();
  directory().publish(publish.name, publish.bytes).then([this, publish, done = std::move(done)](const Result<void>& result) mutable {
    if (!result) return done.set_error(result.error_info());
    published_.insert_or_assign(publish.name, Published{publish.publisher, publish.of});
    follow(publish.publisher);
    follow(publish.of);
    done.set_value();
  });
  return future;
}

Future<void> NameKeeper::on(const UnpublishName& unpublish) {
  const auto found = published_.find(unpublish.name);
  if (found == published_.end() || found->second.publisher != unpublish.publisher)
    return failed_future<void>(name_not_published(unpublish.name));
  published_.erase(found);
  return directory().unpublish(unpublish.name);
}

void NameKeeper::follow(const Somebody& who) {
  if (who && who != self() && followed_.insert(who).second) watch(who);
}

void NameKeeper::on(const Down& down) {
  std::erase_if(followed_, [&](const Somebody& each) { return down.is(each); });
  std::erase_if(published_, [&](const auto& each) {
    const auto& [name, published] = each;
    if (!down.is(published.publisher) && !down.is(published.of)) return false;
    static_cast<void>(directory_->unpublish(name));
    return true;
  });
  forget_watchers([&](const Somebody& subscriber) { return down.is(subscriber); });
}

// --- Who hears of names -----------------------------------------------------------------------------------------------------

void NameKeeper::on(const WatchNames& watch) {
  const bool first = watchers_.empty();
  const auto& watcher = watchers_.emplace_back(std::make_shared<Watcher>());
  watcher->watch = watch;
  follow(watch.subscriber);
  if (first) {
    names_.clear();
    return listen(Directory::Since::ever);
  }
  for (const auto& [name, entry] : names_)
    if (name.starts_with(watch.prefix)) watcher->news.insert(name);
  tell(watcher);
}

void NameKeeper::on(const UnwatchNames& unwatch) {
  forget_watchers([&](const Somebody& subscriber) { return subscriber == unwatch.subscriber; });
}

template <class Predicate>
void NameKeeper::forget_watchers(Predicate whose) {
  std::erase_if(watchers_, [&](const auto& each) {
    if (!whose(each->watch.subscriber)) return false;
    each->news.clear();
    return true;
  });
  if (watchers_.empty() && changes_.valid()) changes_.cancel();
}

void NameKeeper::listen(Directory::Since since) {
  changes_ = directory().changes(since);
  if (watchers_.empty()) {
    changes_.cancel();
    return;
  }
  changes_.then([this, number = ++listens_](const Result<std::vector<NameChange>>& changes) {
    if (number != listens_ || !changes) return;  // it was cancelled
    for (const auto& each : *changes) note(each);
    for (const auto& each : watchers_) tell(each);
    listen(Directory::Since::last_call);
  });
}

void NameKeeper::note(const NameChange& change) {
  names_.erase(change.name);
  try {
    if (change.bytes) names_.emplace(change.name, decode<NameEntry>(*change.bytes));
  } catch (const Malformed&) {  // nothing that could be found
  }
  for (const auto& each : watchers_)
    if (change.name.starts_with(each->watch.prefix)) each->news.insert(change.name);
}

void NameKeeper::tell(const std::shared_ptr<Watcher>& watcher) {
  const auto sent = [&](Future<void> future) {
    watcher->busy = true;
    future.then([this, watcher](const Result<void>& how) { handled(watcher, how); });
  };
  auto& [watch, told, news, busy] = *watcher;
  while (!busy && !news.empty()) {
    const std::string name = *news.begin();
    const auto known = names_.find(name);
    const auto before = told.find(name);
    if (before != told.end() && (known == names_.end() || known->second.publication != before->second)) {
      told.erase(before);  // it may be there anew: it stays among the news
      if (watch.down) sent(watch.down.ask({name}, forever));
      continue;
    }
    news.erase(name);
    if (known == names_.end() || before != told.end()) continue;
    told.emplace(name, known->second.publication);
    if (watch.up) sent(watch.up.ask({name, known->second}, forever));
  }
}

void NameKeeper::handled(const std::shared_ptr<Watcher>& watcher, const Result<void>& how) {
  watcher->busy = false;
  if (how) return tell(watcher);
  if (how.error().code != Errc::handler_failed)
    return forget_watchers([&](const Somebody& subscriber) { return subscriber == watcher->watch.subscriber; });
  log(LogLevel::error, "an actor that watches names failed: " + chain_text(how.error()));
  tell(watcher);
}

}  // namespace troupe::detail
