// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/memory_directory.hpp>

#include <utility>

namespace troupe::detail {

Future<void> MemoryDirectory::publish(const std::string& name, const NameBytes& bytes) {
  if (names_.names().contains(name)) return failed_future<void>(name_refused(name, "a living process has it"));
  names_.up(name, bytes);
  return ready_future();
}

Future<void> MemoryDirectory::unpublish(const std::string& name) {
  if (!names_.names().contains(name)) return failed_future<void>(name_not_published(name));
  names_.down(name);
  return ready_future();
}

Future<NameBytes> MemoryDirectory::find(const std::string& name) {
  const auto known = names_.names().find(name);
  if (known == names_.names().end()) return failed_future<NameBytes>(name_not_found(name));
  return ready_future(known->second);
}

Future<NameBytes> MemoryDirectory::await(const std::string& name) {
  (void)names_.wanted();  // who has given up leaves nothing behind
  if (const auto known = names_.names().find(name); known != names_.names().end()) return ready_future(known->second);
  Promise<NameBytes> found;
  auto future = found.future();
  names_.await(name, std::move(found));
  return future;
}

Future<std::vector<NameChange>> MemoryDirectory::changes(Since since) {
  Promise<std::vector<NameChange>> changes;
  auto future = changes.future();
  names_.listen(since, std::move(changes));
  return future;
}

}  // namespace troupe::detail
