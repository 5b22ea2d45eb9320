// troupe: actors in processes. Apache-2.0, see LICENSE.
// Where names are kept: what every engine promises, that of files, the one in a head's memory, etcd.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <troupe/actor/future.hpp>
#include <troupe/wire/error.hpp>

namespace troupe {

/// What stands behind a name, as bytes. No two publications have the same ones.
using NameBytes = std::vector<std::byte>;

/// What stands behind a name now; nothing: it has gone.
struct NameChange {
  std::string name;
  std::optional<NameBytes> bytes;
};

/// Unique names with what stands behind them, seen by all who share the engine: a host's processes, or those of several hosts.
///
/// Names given to it are well formed (`check_name`) and bytes at most `largest_name_bytes`.
/// An engine that cannot be asked ends futures as NodeLost (`unreachable`), within seconds: none stays open but those of `await` and
/// `changes`, which wait for others.
/// Lifetime: its end, or that of its process however it comes, ends the names that were published through it; open futures end as
///           Closed. It takes a second at most.
/// Threads:  members are called in the turns of one actor, never block, and may end their futures on any thread; `leave` from any.
class Directory {
 public:
  Directory() = default;
  virtual ~Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// Takes `name` until `unpublish`. In order with other calls for that name.
  ///
  /// Ends as Refused: somebody living has it, this directory perhaps. As NodeLost: then it is given back as soon as that is possible,
  /// if it was taken.
  [[nodiscard]] virtual Future<void> publish(const std::string& name, const NameBytes& bytes) = 0;
  /// Gives back what `publish` of this directory took.
  ///
  /// Ends as NotFound: it has not. As NodeLost: then the name is given back as soon as that is possible.
  [[nodiscard]] virtual Future<void> unpublish(const std::string& name) = 0;
  /// Ends as NotFound: nobody living has it.
  [[nodiscard]] virtual Future<NameBytes> find(const std::string& name) = 0;
  /// The same, once somebody has it. Given up by who waits for it (Promise::wanted), it costs nothing any more.
  [[nodiscard]] virtual Future<NameBytes> await(const std::string& name) = 0;
  enum class Since : bool { last_call, ever };
  /// What has changed since the last call, or all names that there are: once there is something, and several changes of one name as
  /// one. One call at a time; who wants no more cancels it.
  [[nodiscard]] virtual Future<std::vector<NameChange>> changes(Since since) = 0;
  /// A signal is about to end this process: gives all names back, if its end alone does not. Blocks for `patience` at most.
  virtual void leave([[maybe_unused]] Duration patience) noexcept {}
};

namespace detail {

inline constexpr std::size_t longest_name = 100;
inline constexpr std::size_t largest_name_bytes = 64 << 10;  // a handle has some hundred

/// @throws Misuse  `name` has other characters than letters, digits, `.`, `-`, `_`, none, or more than `longest_name`
void check_name(const std::string& name);
[[nodiscard]] std::shared_ptr<const ErrorInfo> name_not_found(const std::string& name);
[[nodiscard]] std::shared_ptr<const ErrorInfo> name_refused(const std::string& name, const std::string& why);
[[nodiscard]] std::shared_ptr<const ErrorInfo> name_not_published(const std::string& name);

}  // namespace detail
}  // namespace troupe
