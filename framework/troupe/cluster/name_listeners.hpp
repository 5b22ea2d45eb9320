// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names that are known just now, who waits for one, and who wants to hear of all: what engines have in common.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <troupe/actor/promise.hpp>
#include <troupe/cluster/directory.hpp>

namespace troupe::detail {

/// Threads: guarded by the owner.
class NameListeners {
 public:
  using Names = std::map<std::string, NameBytes>;

  /// Keeps `found` once `name` is known. To be called if it is not.
  void await(const std::string& name, Promise<NameBytes> found);
  /// Keeps `changes` once there are some.
  void listen(Directory::Since since, Promise<std::vector<NameChange>> changes);

  void up(const std::string& name, const NameBytes& bytes);
  void down(const std::string& name);
  /// These are all.
  void set(const Names& names);
  /// Only who waits for `name` is told, and it is not known from here on.
  void found(const std::string& name, const NameBytes& bytes);
  /// Knows no names any more, and tells nobody.
  void forget() { names_.clear(); }

  [[nodiscard]] const Names& names() const noexcept { return names_; }
  [[nodiscard]] std::vector<std::string> awaited() const;
  /// Somebody waits or listens: forgets who does no more.
  [[nodiscard]] bool wanted();
  /// Somebody hears of all names. To be asked after `wanted`.
  [[nodiscard]] bool listening() const noexcept { return listening_; }

  /// Ends what waits for `name`.
  void fail(const std::string& name, const std::shared_ptr<const ErrorInfo>& error);

 private:
  void tell();

  Names names_;
  std::multimap<std::string, Promise<NameBytes>> awaited_;
  bool listening_ = false;
  std::optional<Promise<std::vector<NameChange>>> listener_;  // between two calls: none
  std::set<std::string> changed_;                             // since it was told
};

}  // namespace troupe::detail
