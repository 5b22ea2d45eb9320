// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/zap.hpp"

#include <troupe/wire/error.hpp>
#include <troupe/wire/log.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

namespace troupe::detail {

namespace {

constexpr const char* place = "inproc://zeromq.zap.01";
RateLimit& refusal_log() {
  static RateLimit limit{std::chrono::seconds{1}};
  return limit;
}

// The parts of a request: version, id, domain, address, routing id, mechanism, credentials.
using Request = std::vector<std::string>;
constexpr std::size_t credentials_at = 6;

// The domain is the one that ZmqSocket::bind gave the endpoint: it names the key that opens.
bool may_enter(const Request& request) {
  if (request.size() < credentials_at || request[0] != "1.0") return false;
  const std::string& domain = request[2];
  const std::string& mechanism = request[5];
  if (domain == open_domain) return mechanism == "NULL";
  return mechanism == "CURVE" && request.size() == credentials_at + 1 && request[credentials_at].size() == 32 &&
         domain == z85_of(request[credentials_at]);
}

}  // namespace

std::shared_ptr<Zap> Zap::instance() {
  static std::mutex mutex;
  static std::weak_ptr<Zap> current;
  const std::lock_guard lock{mutex};
  auto zap = current.lock();
  if (zap == nullptr) current = zap = std::make_shared<Zap>();
  return zap;
}

Zap::Zap() : socket_{ZmqSocket::replier()}, stop_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (!stop_) raise(ErrorType::refused, "no descriptor for the check of keys");
  socket_.bind(place);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
  thread_ = std::thread{[this] {
    ::pthread_setname_np(::pthread_self(), "troupe-keys");
    run();
  }};
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Zap::~Zap() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  socket_.unbind(place);
}

void Zap::run() {
  std::array<pollfd, 2> watched{pollfd{socket_.descriptor(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
  while ((watched[1].revents & POLLIN) == 0) {
    answer_all();
    ::poll(watched.data(), watched.size(), -1);
  }
}

void Zap::answer_all() {
  while (auto part = socket_.receive()) {
    Request request;
    for (bool more = true; part && more; part = more ? socket_.receive() : std::nullopt) {
      request.emplace_back(reinterpret_cast<const char*>(part->bytes.data()), part->bytes.size());
      more = part->more;
    }
    const bool enters = may_enter(request);
    if (!enters) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      const std::string from = request.size() > 3 ? request[3] : "somebody";
      refusal_log().log(LogLevel::warning, "a connection from " + from + " was refused: it does not have this job's key");
    }
    request.resize(std::max<std::size_t>(request.size(), 2));
    socket_.send_parts({"1.0", request[1], enters ? "200" : "400", enters ? "" : "no key", "", ""});
  }
}

}  // namespace troupe::detail
