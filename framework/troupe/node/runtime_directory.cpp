// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/descriptor.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace troupe::detail {

namespace {

constexpr std::size_t directory_bytes = sizeof(sockaddr_un::sun_path) - 1 - 1 - runtime_name_bytes;

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  raise(ErrorType::refused, "the runtime directory " + path + " cannot be trusted: " + what);
}

void check(const std::string& path, bool made) {
  const Descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory) {
    const int error = errno;
    struct stat entry {};
    if (::lstat(path.c_str(), &entry) == 0 && S_ISLNK(entry.st_mode)) refuse(path, "it is a symbolic link; remove it");
    if (error == ENOTDIR) refuse(path, "it is not a directory; remove it");
    refuse(path, reason(error));
  }
  struct stat status {};
  if (::fstat(directory.get(), &status) != 0) refuse(path, reason(errno));
  if (status.st_uid != ::geteuid())
    refuse(path, "it belongs to user " + std::to_string(status.st_uid) + ", not to " + std::to_string(::geteuid()));
  if (made) ::fchmod(directory.get(), 0700);  // a strict umask took bits away that we need
  if (!made && (status.st_mode & 07777) != 0700) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
    refuse(path, std::string{"its mode is "} + mode + ", not 0700, so others may have put files there; remove it, or chmod 700");
  }
}

}  // namespace

std::string runtime_directory() {
  std::string turned_down;
  const auto skip = [&](const std::string& candidate, const std::string& why) { turned_down += "; " + candidate + ": " + why; };
  const std::string name = "/troupe-" + std::to_string(::geteuid());
  for (const char* source : {"XDG_RUNTIME_DIR", "TMPDIR", ""}) {
    const char* value = *source == '\0' ? "/tmp" : std::getenv(source);
    if (value == nullptr || *value == '\0') continue;
    std::string base = value;
    while (base.size() > 1 && base.back() == '/') base.pop_back();
    if (base.front() != '/') {
      skip(base, "not an absolute path");
      continue;
    }
    std::string path = (base == "/" ? "" : base) + name;
    if (path.size() > directory_bytes) {
      skip(path, "longer than " + std::to_string(directory_bytes) + " bytes, the path of a socket in it would not fit");
      continue;
    }
    const bool made = ::mkdir(path.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) {
      skip(path, reason(errno));
      continue;
    }
    check(path, made);
    return path;
  }
  raise(ErrorType::not_found, "no place for the runtime directory" + turned_down + "; set TMPDIR to a short path");
}

}  // namespace troupe::detail
