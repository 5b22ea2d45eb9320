// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/path_lock.hpp"

#include <troupe/wire/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

std::string lock_file(const std::string& path) { return path + ".lock"; }

bool same_file(int descriptor, const std::string& name) {
  struct stat mine {};
  struct stat there {};
  return fstat(descriptor, &mine) == 0 && lstat(name.c_str(), &there) == 0 && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

}  // namespace

std::optional<PathLock> PathLock::take(const std::string& path, Make make) {
  const std::string name = lock_file(path);
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make == Make::yes ? O_CREAT : 0);
  for (;;) {
    const int descriptor = open(name.c_str(), flags, 0600);
    if (descriptor < 0) {
      if (make == Make::no && errno == ENOENT) return std::nullopt;
      raise(ErrorType::refused, name + " can't be opened: " + std::strerror(errno));
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      close(descriptor);
      return std::nullopt;
    }
    // Between open and flock its last owner may have removed it: then we hold a lock that nobody else can see.
    if (!same_file(descriptor, name)) {
      close(descriptor);
      continue;
    }
    PathLock lock{path, descriptor};
    if (make == Make::no) return lock;
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
      raise(ErrorType::refused, name + " can't be written: " + std::strerror(errno));
    return lock;
  }
}

PathLock::PathLock(PathLock&& other) noexcept : path_{std::move(other.path_)}, descriptor_{std::exchange(other.descriptor_, -1)} {}

PathLock::~PathLock() {
  if (descriptor_ < 0) return;
  struct stat status {};
  if (lstat(path_.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) unlink(path_.c_str());
  unlink(lock_file(path_).c_str());
  close(descriptor_);
}

std::string PathLock::owner_of(const std::string& path) {
  std::array<char, 32> pid{};
  const int descriptor = open(lock_file(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return "another process";
  const ssize_t bytes = read(descriptor, pid.data(), pid.size() - 1);
  close(descriptor);
  const std::string text{pid.data(), bytes > 0 ? std::strcspn(pid.data(), "\n") : 0};
  return text.empty() ? "another process" : "process " + text;
}

}  // namespace troupe::detail
