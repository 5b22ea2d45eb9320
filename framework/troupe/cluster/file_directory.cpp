// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/file_directory.hpp>

#include <chrono>
#include <utility>

#include <troupe/node/core.hpp>

namespace troupe::detail {

namespace {

// inotify would need one of the 128 instances that a user has.
constexpr Duration look_every = std::chrono::milliseconds{10};
constexpr Duration look_at_all_every = std::chrono::milliseconds{100};

}  // namespace

Future<void> FileDirectory::publish(const std::string& name, const NameBytes& bytes) {
  if (published_.contains(name)) return failed_future<void>(name_refused(name, "this node has it"));
  try {
    published_.try_emplace(name, name, bytes);
    return ready_future();
  } catch (const Error& error) {
    return failed_future<void>(error.info());
  }
}

Future<void> FileDirectory::unpublish(const std::string& name) {
  if (published_.erase(name) == 0) return failed_future<void>(name_not_published(name));
  return ready_future();
}

Future<NameBytes> FileDirectory::find(const std::string& name) {
  try {
    return ready_future(NameFile::read(name));
  } catch (const Error& error) {
    return failed_future<NameBytes>(error.info());
  }
}

Future<NameBytes> FileDirectory::await(const std::string& name) {
  Promise<NameBytes> found;
  auto future = found.future();
  listeners_.await(name, std::move(found));
  look();
  return future;
}

Future<std::vector<NameChange>> FileDirectory::changes(Since since) {
  Promise<std::vector<NameChange>> changes;
  auto future = changes.future();
  listeners_.listen(since, std::move(changes));
  if (since == Since::ever) next_look_at_all_ = {};
  look();
  return future;
}

void FileDirectory::look() {
  if (!listeners_.wanted()) return listeners_.forget();
  const TimePoint now = promising_node().clock().now();
  if (listeners_.listening() && now >= next_look_at_all_) {
    next_look_at_all_ = now + look_at_all_every;
    look_at_all();
  }
  for (const auto& name : listeners_.awaited()) {
    try {
      listeners_.found(name, NameFile::read(name));
    } catch (const NotFound&) {
    } catch (const Error& error) {
      listeners_.fail(name, error.info());
    }
  }
  if (listeners_.wanted()) look_again();
}

void FileDirectory::look_at_all() {
  NameListeners::Names names;
  for (const auto& name : NameFile::names()) {
    try {
      names.emplace(name, NameFile::read(name));
    } catch (const Error&) {  // it has gone meanwhile, or is no name's file
    }
  }
  listeners_.set(names);
}

// A future that nobody fulfils ends at its deadline: then it is this actor's turn again.
void FileDirectory::look_again() {
  if (std::exchange(looks_again_, true)) return;
  NodeCore& node = promising_node();
  auto pause = Counted<TypedState<void>>::adopt(TypedState<void>::make(node));
  pause->expire_at(after(node.clock().now(), look_every));
  Future<void>{std::move(pause)}.then([this](const Result<void>&) {
    looks_again_ = false;
    look();
  });
}

}  // namespace troupe::detail
