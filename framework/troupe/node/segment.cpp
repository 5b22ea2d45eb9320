// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/segment.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <string_view>
#include <system_error>

#include <troupe/node/random.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

constexpr const char* directory = "/dev/shm";

std::string prefix() { return "/troupe-" + std::to_string(::geteuid()) + '-'; }

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  return digits.data();
}

[[noreturn]] void raise_full(std::size_t bytes, int error) {
  raise(ErrorType::full, "no shared memory of " + std::to_string(bytes) + " bytes could be had: " + std::generic_category().message(error) +
                             "; with NodeOptions::shared_memory = false none is needed");
}

Descriptor open_ours(const std::string& name) noexcept {
  Descriptor opened{::shm_open(name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0)};
  struct stat status {};
  if (!opened || (::fstat(opened.get(), &status) == 0 && status.st_uid == ::geteuid())) return opened;
  errno = EACCES;
  return Descriptor{};
}

std::byte* map(const Descriptor& memory, std::size_t bytes) noexcept {
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

// A lock file in the place of a socket's: between its making and its locking who sweeps may take it for a dead one's.
Descriptor drop_anchor(std::string& base) {
  for (;;) {
    base = prefix() + hexadecimal(random_number()) + hexadecimal(random_number());
    Descriptor anchor{::shm_open(base.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!anchor) raise_full(0, errno);
    while (::flock(anchor.get(), LOCK_EX) != 0 && errno == EINTR) continue;
    struct stat status {};
    if (::fstat(anchor.get(), &status) == 0 && status.st_nlink > 0) return anchor;
  }
}

}  // namespace

Segment::~Segment() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

Segment Segment::attach(const std::string& name) noexcept {
  const std::string ours = prefix();
  if (!name.starts_with(ours) || name.find('/', 1) != std::string::npos) return {};
  const Descriptor memory = open_ours(name);
  struct stat status {};
  if (!memory || ::fstat(memory.get(), &status) != 0 || status.st_size <= 0) return {};
  const auto bytes = static_cast<std::size_t>(status.st_size);
  std::byte* data = map(memory, bytes);
  return data == nullptr ? Segment{} : Segment{name, data, bytes};
}

Segment Segments::create(std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  if (!anchor_) anchor_ = drop_anchor(base_);
  std::string name = base_ + '-' + std::to_string(++last_);
  const Descriptor memory{::shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!memory) raise_full(bytes, errno);
  names_.push_back(name);
  // All of it now: room that is missing later would be a SIGBUS.
  int error = bytes > static_cast<std::size_t>(PTRDIFF_MAX) ? ENOMEM : EINTR;
  while (error == EINTR) error = ::posix_fallocate(memory.get(), 0, static_cast<off_t>(bytes));
  std::byte* data = error == 0 ? map(memory, bytes) : nullptr;
  if (data != nullptr) return Segment{std::move(name), data, bytes};
  if (error == 0) error = errno;
  ::shm_unlink(name.c_str());
  names_.pop_back();
  raise_full(bytes, error);
}

Segment Segments::keep(std::span<const std::byte> content) {
  const std::uint64_t size = content.size();
  Segment segment = create(sizeof size + content.size());
  std::memcpy(segment.data(), &size, sizeof size);
  if (size != 0) std::memcpy(segment.data() + sizeof size, content.data(), content.size());
  return segment;
}

std::span<const std::byte> Segment::kept() const noexcept {
  std::uint64_t size = 0;
  if (bytes_ < sizeof size) return {};
  std::memcpy(&size, data_, sizeof size);
  if (size > bytes_ - sizeof size) return {};
  return {data_ + sizeof size, static_cast<std::size_t>(size)};
}

void Segments::remove(const std::string& name) noexcept {
  const std::lock_guard lock{mutex_};
  if (std::erase(names_, name) != 0) ::shm_unlink(name.c_str());
}

void Segments::remove_all() noexcept {
  const std::lock_guard lock{mutex_};
  for (const auto& name : names_) ::shm_unlink(name.c_str());
  names_.clear();
  if (anchor_) ::shm_unlink(base_.c_str());
  anchor_.close();
}

void sweep_segments() noexcept try {
  const std::string begin = prefix();
  std::map<std::string, std::vector<std::string>> found;  // by anchor
  DIR* entries = ::opendir(directory);
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = std::string{"/"} + entry->d_name;
    if (!name.starts_with(begin)) continue;
    const std::size_t end = name.find('-', begin.size());
    auto& segments = found[name.substr(0, end)];
    if (end != std::string::npos) segments.push_back(name);
  }
  ::closedir(entries);
  for (const auto& [anchor, segments] : found) {
    const Descriptor lock = open_ours(anchor);
    if (!lock && errno != ENOENT) continue;
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    for (const auto& segment : segments)
      if (open_ours(segment)) ::shm_unlink(segment.c_str());
    if (lock) ::shm_unlink(anchor.c_str());
  }
} catch (const std::bad_alloc&) {
  // the next one sweeps
}

}  // namespace troupe::detail
