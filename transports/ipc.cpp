// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/ipc.hpp"

#include <troupe/wire/error.hpp>

#include "transports/descriptors.hpp"
#include "transports/path_lock.hpp"
#include "transports/zmq_link.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr std::string_view prefix = "ipc://";
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

std::string path_of(const std::string& endpoint) {
  std::string path = endpoint.substr(prefix.size());
  if (path.empty() || path[0] != '/') raise(ErrorType::misuse, endpoint + ": ipc needs an absolute path, ipc:///PATH");
  if (path.size() > longest_path)
    raise(ErrorType::misuse, endpoint + ": the path has " + std::to_string(path.size()) + " bytes, the system takes " +
                                 std::to_string(longest_path) + "; use a shorter directory (TMPDIR)");
  return path;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

FileDescriptor unix_socket() { return FileDescriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; }

// We hold the lock, so a socket here is a dead owner's; but somebody who does not know our locks may live at it.
void clear_stale_socket(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) raise(ErrorType::refused, path + " is there and is no socket");
  const auto probe = unix_socket();
  const auto address = address_of(path);
  const bool alive = connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  if (alive) raise(ErrorType::refused, path + " is in use by a process that does not lock it");
  unlink(path.c_str());
}

PathLock lock_path(const std::string& endpoint, const std::string& path) {
  // Who sweeps holds a dead owner's lock for some microseconds.
  for (int tries = 0; tries < 20; ++tries) {
    if (auto lock = PathLock::take(path, PathLock::Make::yes)) return std::move(*lock);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  raise(ErrorType::refused, endpoint + " is in use by " + PathLock::owner_of(path));
}

// libzmq's own bind would unlink whatever is there, and take the mode from the umask, which is the whole process's.
FileDescriptor listen_at(const std::string& path, int backlog) {
  auto listener = unix_socket();
  const auto address = address_of(path);
  const bool ok = listener.get() >= 0 && fchmod(listener.get(), 0700) == 0 &&
                  bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                  chmod(path.c_str(), 0700) == 0 && ::listen(listener.get(), backlog) == 0;
  if (!ok) raise(ErrorType::refused, path + " can't be bound: " + std::strerror(errno));
  return listener;
}

class IpcBinding final : public Binding {
 public:
  IpcBinding(std::string endpoint, PathLock lock) : endpoint_{std::move(endpoint)}, lock_{std::move(lock)} {}
  [[nodiscard]] const std::string& endpoint() const override { return endpoint_; }

 private:
  std::string endpoint_;
  PathLock lock_;
};

}  // namespace

std::unique_ptr<Binding> Ipc::listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) {
  const std::string path = path_of(endpoint);
  auto lock = lock_path(endpoint, path);
  clear_stale_socket(path);
  auto listener = listen_at(path, options.backlog);
  router.bind(endpoint, listener.get());
  static_cast<void>(listener.release());
  return std::make_unique<IpcBinding>(endpoint, std::move(lock));
}

std::unique_ptr<Link> Ipc::dial(const std::string& endpoint) {
  static_cast<void>(path_of(endpoint));
  return std::make_unique<ZmqLink>(endpoint);
}

void sweep_ipc(const std::string& directory) {
  constexpr std::string_view suffix = ".lock";
  std::error_code error;
  for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().string();
    if (!name.ends_with(suffix)) continue;
    const std::string path = name.substr(0, name.size() - suffix.size());
    struct stat status {};
    if (lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) continue;  // not an endpoint's
    try {
      static_cast<void>(PathLock::take(path, PathLock::Make::no));  // had: the owner is dead; its end removes both files
    } catch (const Refused&) {
      continue;  // somebody else's
    }
  }
}

}  // namespace troupe::detail
