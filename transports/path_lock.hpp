// troupe: actors in processes. Apache-2.0, see LICENSE.
// The lock file beside a socket file: tells, without asking anybody, whether the owner lives.
#pragma once

#include <optional>
#include <string>

namespace troupe::detail {

/// PATH.lock, flocked. The kernel frees the lock when its process ends, however it ends. Its end removes PATH, if that is
/// a socket, and then the lock file.
class PathLock {
 public:
  enum class Make { yes, no };

  /// @param make  `no`: only a lock file that is there already
  /// @returns nothing if somebody living holds it, or there is no such file and none is made
  /// @throws Refused  the lock file can't be had (no such directory, no permission)
  [[nodiscard]] static std::optional<PathLock> take(const std::string& path, Make make);

  PathLock(PathLock&& other) noexcept;
  PathLock& operator=(PathLock&&) = delete;
  ~PathLock();

  /// The process that holds the lock beside `path`, in words for an error.
  [[nodiscard]] static std::string owner_of(const std::string& path);

 private:
  PathLock(std::string path, int descriptor) : path_{std::move(path)}, descriptor_{descriptor} {}

  std::string path_;
  int descriptor_;
};

}  // namespace troupe::detail
