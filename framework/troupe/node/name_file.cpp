// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/name_file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

constexpr std::size_t longest_name = 100;

std::string path_of(const std::string& name) {
  constexpr const char* usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.empty() || name.size() > longest_name || name.find_first_not_of(usual) != std::string::npos)
    throw Misuse{"'" + name + "' is no name for others to find: up to 100 letters, digits, dots, hyphens and underscores"};
  return runtime_directory() + '/' + name + ".name";
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  raise(ErrorType::refused, "the name '" + name + "' cannot be had: " + why);
}

// Who reads it holds the lock too, if only for a moment.
bool lock(const Descriptor& file) {
  for (int tries = 0; tries < 10; ++tries) {
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return false;
}

bool stands_there(const Descriptor& file, const std::string& path) {
  struct stat mine {};
  struct stat there {};
  return ::fstat(file.get(), &mine) == 0 && ::lstat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

}  // namespace

NameFile::NameFile(const std::string& name, std::span<const std::byte> content) : path_{path_of(name)} {
  do {
    file_ = Descriptor{::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file_) refuse(name, std::generic_category().message(errno));
    if (!lock(file_)) refuse(name, "a living process has it");
  } while (!stands_there(file_, path_));  // else its last owner has removed it in between
  if (::ftruncate(file_.get(), 0) != 0 || ::pwrite(file_.get(), content.data(), content.size(), 0) != std::ssize(content)) {
    const int error = errno;
    ::unlink(path_.c_str());
    refuse(name, std::generic_category().message(error));
  }
}

NameFile::~NameFile() { ::unlink(path_.c_str()); }

std::vector<std::byte> NameFile::read(const std::string& name) {
  const std::string path = path_of(name);
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file && errno != ENOENT) refuse(name, std::generic_category().message(errno));
  std::vector<std::byte> content;
  std::array<std::byte, 4096> piece;
  while (file) {
    const auto got = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    content.insert(content.end(), piece.begin(), piece.begin() + got);
  }
  // Whoever gets the lock stands before a file that nobody keeps, or that is not written yet.
  if (content.empty() || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0) raise(ErrorType::not_found, "nobody has the name '" + name + "'");
  return content;
}

}  // namespace troupe::detail
