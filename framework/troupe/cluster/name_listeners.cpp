// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/name_listeners.hpp>

#include <utility>

namespace troupe::detail {

void NameListeners::await(const std::string& name, Promise<NameBytes> found) { awaited_.emplace(name, std::move(found)); }

void NameListeners::listen(Directory::Since since, Promise<std::vector<NameChange>> changes) {
  if (since == Directory::Since::ever) changed_.clear();
  if (!std::exchange(listening_, true) || since == Directory::Since::ever)
    for (const auto& [name, bytes] : names_) changed_.insert(name);
  listener_ = std::move(changes);
  tell();
}

void NameListeners::up(const std::string& name, const NameBytes& bytes) {
  found(name, bytes);
  const auto [known, fresh] = names_.try_emplace(name, bytes);
  if (!fresh && known->second == bytes) return;
  known->second = bytes;
  if (!listening_) return;
  changed_.insert(name);
  tell();
}

void NameListeners::down(const std::string& name) {
  if (names_.erase(name) == 0 || !listening_) return;
  changed_.insert(name);
  tell();
}

void NameListeners::set(const Names& names) {
  auto held_back = std::exchange(listener_, {});  // told once, of all
  for (const auto& [name, bytes] : Names{names_})
    if (!names.contains(name)) down(name);
  for (const auto& [name, bytes] : names) up(name, bytes);
  listener_ = std::move(held_back);
  tell();
}

void NameListeners::found(const std::string& name, const NameBytes& bytes) {
  for (auto waiting = awaited_.extract(name); waiting; waiting = awaited_.extract(name)) waiting.mapped().set_value(bytes);
}

void NameListeners::fail(const std::string& name, const std::shared_ptr<const ErrorInfo>& error) {
  for (auto waiting = awaited_.extract(name); waiting; waiting = awaited_.extract(name)) waiting.mapped().set_error(error);
}

std::vector<std::string> NameListeners::awaited() const {
  std::vector<std::string> names;
  for (auto each = awaited_.begin(); each != awaited_.end(); each = awaited_.upper_bound(each->first)) names.push_back(each->first);
  return names;
}

bool NameListeners::wanted() {
  std::erase_if(awaited_, [](const auto& each) { return !each.second.wanted(); });
  if (listener_ && !listener_->wanted()) {
    listener_.reset();
    listening_ = false;
    changed_.clear();
  }
  return listening_ || !awaited_.empty();
}

void NameListeners::tell() {
  if (!listener_ || changed_.empty() || !listener_->wanted()) return;
  std::vector<NameChange> changes;
  for (const auto& name : std::exchange(changed_, {})) {
    const auto known = names_.find(name);
    changes.push_back({name, known == names_.end() ? std::nullopt : std::optional{known->second}});
  }
  std::exchange(listener_, {})->set_value(std::move(changes));
}

}  // namespace troupe::detail
