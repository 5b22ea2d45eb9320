// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/keys.hpp"

#include "transports/descriptors.hpp"

#include <troupe/wire/error.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

// Behind it stands the secret key, 40 characters of Z85, and a newline.
constexpr std::string_view title = "troupe secret key 1\n";
constexpr std::size_t key_bytes = 40;

std::string reason() { return std::generic_category().message(errno); }
std::string path_in(const std::string& directory) { return directory + "/node.key"; }

}  // namespace

std::string new_key() { return std::string{title} + make_curve_keys().secret_half + '\n'; }

void make_keys(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) raise(ErrorType::refused, directory + " can't be made: " + reason());
  const std::string path = path_in(directory);
  const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file && errno == EEXIST) raise(ErrorType::refused, path + " is there already; hosts that have it would no longer be let in");
  if (!file) raise(ErrorType::refused, path + " can't be written: " + reason());
  const std::string text = new_key();
  const bool written =
      ::fchmod(file.get(), 0600) == 0 && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && ::fsync(file.get()) == 0) return;
  const std::string why = reason();
  ::unlink(path.c_str());
  raise(ErrorType::refused, path + " can't be written: " + why);
}

CurveKeys load_keys(const std::string& directory) {
  const std::string path = path_in(directory);
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file && errno == ENOENT)
    raise(ErrorType::not_found, path + " is not there: `troupe keygen " + directory + "` makes it on one host, the others get a copy");
  if (!file) raise(ErrorType::refused, path + " can't be read: " + reason());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) raise(ErrorType::refused, path + " can't be read: " + reason());
  if (status.st_uid != ::geteuid())
    raise(ErrorType::refused, path + " belongs to user " + std::to_string(status.st_uid) + ", not to " + std::to_string(::geteuid()));
  if ((status.st_mode & 077) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode & 07777));
    raise(ErrorType::refused, path + " has mode " + mode.data() + ", so others may know the key; make a new one, or chmod 600");
  }
  std::array<char, 128> text{};
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  const std::string_view content{text.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
  const bool shaped = content.size() == title.size() + key_bytes + 1 && content.starts_with(title) && content.ends_with('\n');
  const auto keys = shaped ? curve_keys_of(std::string{content.substr(title.size(), key_bytes)}) : std::nullopt;
  if (!keys) raise(ErrorType::malformed, path + " holds no key of troupe's: make it by `troupe keygen DIR`, and copy it as it is");
  return *keys;
}

}  // namespace troupe::detail
