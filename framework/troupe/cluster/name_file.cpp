// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/name_file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <thread>

#include <troupe/cluster/directory.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

constexpr const char* extension = ".name";

std::string path_of(const std::string& name) {
  check_name(name);
  return runtime_directory() + '/' + name + extension;
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) { raise(name_refused(name, why)); }

// Who has it is about to give it a name, or to find that somebody else has that.
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

/// The file behind a name, which may be anything; none: there is none.
Descriptor open_there(const std::string& name, const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file && errno != ENOENT) refuse(name, std::generic_category().message(errno));
  return file;
}

bool is_kept(const Descriptor& file) { return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0; }

}  // namespace

// Written and locked under another name, it appears whole; that other file keeps those apart who would take the name.
NameFile::NameFile(const std::string& name, std::span<const std::byte> content) : path_{path_of(name)} {
  if (content.size() > largest_name_bytes) refuse(name, "what should stand behind it is too large");
  const std::string fresh = path_ + ".new";
  while (true) {
    file_ = Descriptor{::open(fresh.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)};
    if (!file_) refuse(name, std::generic_category().message(errno));
    const bool locked = lock(file_);
    if (!stands_there(file_, fresh)) continue;  // by now it is somebody's name, or removed
    if (!locked) refuse(name, "another process is about to take it");
    break;
  }
  std::string why;
  try {
    if (const Descriptor there = open_there(name, path_); there && is_kept(there)) {
      why = "a living process has it";
    } else if (::ftruncate(file_.get(), 0) != 0 || ::pwrite(file_.get(), content.data(), content.size(), 0) != std::ssize(content) ||
               ::rename(fresh.c_str(), path_.c_str()) != 0) {
      why = std::generic_category().message(errno);
    }
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  if (why.empty()) return;
  ::unlink(fresh.c_str());
  refuse(name, why);
}

NameFile::~NameFile() {
  if (stands_there(file_, path_)) ::unlink(path_.c_str());
}

std::vector<std::byte> NameFile::read(const std::string& name) {
  const std::string path = path_of(name);
  const Descriptor file = open_there(name, path);
  struct stat status {};
  if (file && (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))) refuse(name, path + " is no file");
  std::vector<std::byte> content;
  std::array<std::byte, 4096> piece;
  while (file && content.size() <= largest_name_bytes) {
    const auto got = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    content.insert(content.end(), piece.begin(), piece.begin() + got);
  }
  if (!file || !is_kept(file)) raise(name_not_found(name));
  return content;
}

std::vector<std::string> NameFile::names() {
  std::vector<std::string> found;
  std::error_code gone;  // the directory has nothing to lose
  for (const auto& entry : std::filesystem::directory_iterator{runtime_directory(), gone})
    if (entry.path().extension() == extension) found.push_back(entry.path().stem());
  return found;
}

}  // namespace troupe::detail
