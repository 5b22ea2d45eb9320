// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/descriptor.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
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

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Our directory in `base`.
std::string below(std::string base) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/troupe-" + std::to_string(::geteuid());
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
  for (const std::string& base : {variable("XDG_RUNTIME_DIR"), variable("TMPDIR"), std::string{"/tmp"}}) {
    if (base.empty()) continue;
    if (base.front() != '/') {
      skip(base, "not an absolute path");
      continue;
    }
    std::string path = below(base);
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

std::vector<std::string> runtime_directories() {
  std::vector<std::string> found;
  const std::string of_session = "/run/user/" + std::to_string(::geteuid());
  for (const std::string& base : {variable("XDG_RUNTIME_DIR"), variable("TMPDIR"), of_session, std::string{"/tmp"}}) {
    if (base.empty() || base.front() != '/') continue;
    std::string path = below(base);
    if (std::find(found.begin(), found.end(), path) != found.end()) continue;
    try {
      check(path, false);
    } catch (const Refused&) {
      continue;
    }
    found.push_back(std::move(path));
  }
  return found;
}

}  // namespace troupe::detail
