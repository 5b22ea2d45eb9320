// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/zmq_socket.hpp"

#include <troupe/wire/error.hpp>

#include <zmq.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <new>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define TROUPE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TROUPE_TSAN 1
#endif
#endif
#if defined(TROUPE_TSAN)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace troupe::detail {

namespace {

static_assert(sizeof(zmq_msg_t) == 64 && alignof(zmq_msg_t) <= 8);

// Frames up to this are copied into libzmq's message, and a lone tell's block goes back to its pool sooner. Over ipc copying
// and sharing a block are alike up to 4 KiB; shared is 1.3 times faster at 8 KiB and 1.6 times at 16 KiB.
constexpr std::size_t copied_bytes = 1024;

constexpr int handshake_ms = 3000;
constexpr int zap_enforce_domain = 93;      // draft in the header of 4.3, and heeded by the library
constexpr rlim_t most_descriptors = 65536;  // beyond, programs that close "all descriptors" take seconds
constexpr int most_sockets = 16384;         // three per link; libzmq takes 12 bytes for each at once

zmq_msg_t* as_message(std::array<std::byte, 64>& storage) { return reinterpret_cast<zmq_msg_t*>(storage.data()); }

[[noreturn]] void refuse(const std::string& what, int error) { raise(ErrorType::refused, what + ": " + zmq_strerror(error)); }

// Peers are one descriptor each, links four. Children inherit the limit.
rlim_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = std::min(limit.rlim_max, most_descriptors);
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
  }
  return limit.rlim_cur;
}

struct ContextSlot {
  std::mutex mutex;
  std::condition_variable ended;
  std::weak_ptr<void> context;
  bool exists = false;  // also while it ends
};

ContextSlot& context_slot() {
  static auto* slot = new ContextSlot;  // outlives every socket, also those in statics
  return *slot;
}

void end_context(void* context) {
  while (zmq_ctx_term(context) != 0 && errno == EINTR) {
  }
  auto& slot = context_slot();
  const std::lock_guard lock{slot.mutex};
  slot.exists = false;
  slot.ended.notify_all();
}

std::shared_ptr<void> process_context() {
  auto& slot = context_slot();
  std::unique_lock lock{slot.mutex};
  // Never two at a time (libzmq's random numbers are shared between them): the next one waits until the last has ended.
  while (slot.exists) {
    if (auto context = slot.context.lock()) return context;
    slot.ended.wait(lock);
  }
  const rlim_t descriptors = raise_descriptor_limit();
  void* const fresh = zmq_ctx_new();
  if (fresh == nullptr) refuse("no ZeroMQ context", errno);
  zmq_ctx_set(fresh, ZMQ_BLOCKY, 0);
  const int sockets = static_cast<int>(std::clamp<rlim_t>(descriptors, 1023, most_sockets));
  zmq_ctx_set(fresh, ZMQ_MAX_SOCKETS, std::min(sockets, zmq_ctx_get(fresh, ZMQ_SOCKET_LIMIT)));
  std::shared_ptr<void> context{fresh, end_context};
  slot.context = context;
  slot.exists = true;
  return context;
}

// libzmq is not built for tsan, which therefore does not see that a frame's receiver comes after its sender, nor that libzmq
// gives a block back after it got it. Telling it so keeps races of ours visible, where silencing all of it would not.
void tell_given([[maybe_unused]] void* place) {
#if defined(TROUPE_TSAN)
  __tsan_release(place);
#endif
}
void tell_taken([[maybe_unused]] void* place) {
#if defined(TROUPE_TSAN)
  __tsan_acquire(place);
#endif
}

// Nor that libzmq closes its descriptor: who next gets one of that number, and closes it, would race with who watched the former
// one. Under tsan others see a duplicate, which ends before their eyes.
#if defined(TROUPE_TSAN)
constexpr bool descriptor_is_duplicate = true;
#else
constexpr bool descriptor_is_duplicate = false;
#endif

void drop_block(void*, void* hint) {
  tell_taken(hint);
  static_cast<void>(Block::adopt(hint));
}

}  // namespace

std::string zmq_version_text() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  ::zmq_version(&major, &minor, &patch);
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

bool zmq_has_curve() noexcept { return ::zmq_has("curve") == 1; }

CurveKeys make_curve_keys() {
  CurveKeys keys{std::string(40, '\0'), std::string(40, '\0')};
  if (zmq_curve_keypair(keys.public_half.data(), keys.secret_half.data()) != 0) refuse("no keys can be made", errno);
  return keys;
}

std::optional<CurveKeys> curve_keys_of(const std::string& secret_half) {
  CurveKeys keys{std::string(40, '\0'), secret_half};
  if (secret_half.size() != 40 || zmq_curve_public(keys.public_half.data(), secret_half.c_str()) != 0) return std::nullopt;
  return keys;
}

std::string z85_of(std::string_view bytes) {
  std::string text(40, '\0');
  return zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), 32) == nullptr ? std::string{} : text;
}

ZmqSocket::ZmqSocket(std::shared_ptr<void> context, int type) : context_{std::move(context)} {
  socket_ = zmq_socket(context_.get(), type);
  if (socket_ == nullptr) refuse("no ZeroMQ socket", errno);
  std::size_t bytes = sizeof descriptor_;
  zmq_getsockopt(socket_, ZMQ_FD, &descriptor_, &bytes);
  if constexpr (descriptor_is_duplicate) descriptor_ = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  zmq_msg_init(as_message(message_));
  set(ZMQ_LINGER, 0);
  set(ZMQ_SNDHWM, 0);
  set(ZMQ_RCVHWM, 0);
}

ZmqSocket::ZmqSocket(ZmqSocket&& other) noexcept
    : context_{std::move(other.context_)},
      socket_{std::exchange(other.socket_, nullptr)},
      descriptor_{std::exchange(other.descriptor_, -1)},
      handover_{std::move(other.handover_)} {
  zmq_msg_init(as_message(message_));
  if (socket_ != nullptr) zmq_msg_move(as_message(message_), as_message(other.message_));
}

ZmqSocket::~ZmqSocket() {
  zmq_msg_close(as_message(message_));
  if (socket_ == nullptr) return;
  if constexpr (descriptor_is_duplicate) ::close(descriptor_);
  zmq_close(socket_);
}

ZmqSocket ZmqSocket::router(std::size_t max_frame_bytes, int backlog) {
  ZmqSocket socket{process_context(), ZMQ_ROUTER};
  const auto limit = static_cast<std::int64_t>(max_frame_bytes);
  zmq_setsockopt(socket.socket_, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
  socket.set(ZMQ_BACKLOG, backlog);
  socket.set(ZMQ_HANDSHAKE_IVL, handshake_ms);
  const uid_t uid = geteuid();
  zmq_setsockopt(socket.socket_, ZMQ_IPC_FILTER_UID, &uid, sizeof uid);
  return socket;
}

ZmqSocket ZmqSocket::dealer() {
  ZmqSocket socket{process_context(), ZMQ_DEALER};
  // Nobody answers on a link: what a hostile peer sends there must not pile up.
  socket.set(ZMQ_RCVHWM, 1);
  const std::int64_t limit = 1024;
  zmq_setsockopt(socket.socket_, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
  socket.set(ZMQ_IMMEDIATE, 1);
  socket.set(ZMQ_RECONNECT_IVL, -1);
  socket.set(ZMQ_HANDSHAKE_IVL, handshake_ms);
  socket.set(ZMQ_CONNECT_TIMEOUT, handshake_ms);
  return socket;
}

ZmqSocket ZmqSocket::replier() { return ZmqSocket{process_context(), ZMQ_REP}; }

void ZmqSocket::set(int option, int value) { zmq_setsockopt(socket_, option, &value, sizeof value); }
void ZmqSocket::set(int option, std::string_view value) { zmq_setsockopt(socket_, option, value.data(), value.size()); }

// Of the endpoints that are bound from here on.
void ZmqSocket::require_keys(const CurveKeys* keys) {
  // With a domain libzmq refuses ZMTP/1.0 and 2.0, whose 8 bytes without a greeting would be a message. It needs no handler,
  // unless it is told that it does.
  set(ZMQ_ZAP_DOMAIN, keys == nullptr ? open_domain : std::string_view{keys->public_half});
  const int handled = keys == nullptr ? 0 : 1;
  if (zmq_setsockopt(socket_, zap_enforce_domain, &handled, sizeof handled) != 0 && handled != 0)
    refuse("connections can't be limited to who has the key", errno);
  set(ZMQ_CURVE_SERVER, handled);
  if (keys != nullptr) set(ZMQ_CURVE_SECRETKEY, std::string_view{keys->secret_half});
}

void ZmqSocket::remember([[maybe_unused]] const std::string& endpoint) {
#if defined(TROUPE_TSAN)
  static std::array<char, 256> places;
  handover_.push_back(&places[std::hash<std::string>{}(endpoint) % places.size()]);
#endif
}

std::string ZmqSocket::bind(const std::string& endpoint, int listener, const CurveKeys* keys) {
  require_keys(keys);
  set(ZMQ_USE_FD, listener);
  set(ZMQ_IPV6, endpoint.find('[') != std::string::npos ? 1 : 0);
  if (zmq_bind(socket_, endpoint.c_str()) != 0) refuse(endpoint + " can't be bound", errno);
  std::array<char, 512> bound{};
  std::size_t bytes = bound.size();
  if (zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, bound.data(), &bytes) != 0) refuse(endpoint + " has no address", errno);
  remember(bound.data());
  return bound.data();
}

void ZmqSocket::unbind(const std::string& endpoint) noexcept { zmq_unbind(socket_, endpoint.c_str()); }

void ZmqSocket::connect(const std::string& endpoint, const CurveKeys* keys) {
  if (keys != nullptr) {
    set(ZMQ_CURVE_SERVERKEY, std::string_view{keys->public_half});  // a job has one pair
    set(ZMQ_CURVE_PUBLICKEY, std::string_view{keys->public_half});
    set(ZMQ_CURVE_SECRETKEY, std::string_view{keys->secret_half});
  }
  set(ZMQ_IPV6, endpoint.find('[') != std::string::npos ? 1 : 0);
  if (zmq_connect(socket_, endpoint.c_str()) != 0) raise(ErrorType::misuse, endpoint + " can't be dialled: " + zmq_strerror(errno));
  remember(endpoint);
}

ZmqSocket ZmqSocket::watch() {
  static std::atomic<std::uint64_t> last{0};
  const std::string name = "inproc://troupe-watch-" + std::to_string(last.fetch_add(1, std::memory_order_relaxed));
  constexpr int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  ZmqSocket reports{context_, ZMQ_PAIR};
  if (zmq_socket_monitor(socket_, name.c_str(), events) != 0) refuse("a link can't be watched", errno);
  if (zmq_connect(reports.socket_, name.c_str()) != 0) {
    const int error = errno;
    unwatch();
    refuse("a link can't be watched", error);
  }
  return reports;
}

void ZmqSocket::unwatch() noexcept { zmq_socket_monitor(socket_, nullptr, 0); }

bool ZmqSocket::send(const Block& frame) {
  zmq_msg_t message;
  if (frame.size() <= copied_bytes) {
    if (zmq_msg_init_size(&message, frame.size()) != 0) throw std::bad_alloc{};
    if (frame.size() != 0) std::memcpy(zmq_msg_data(&message), frame.data(), frame.size());
  } else {
    Block share = frame;
    std::byte* const bytes = share.data();
    void* const released = share.release();
    tell_given(released);
    if (zmq_msg_init_data(&message, bytes, frame.size(), drop_block, released) != 0) {
      drop_block(nullptr, released);
      throw std::bad_alloc{};
    }
  }
  for (char* const place : handover_) tell_given(place);
  if (zmq_msg_send(&message, socket_, ZMQ_DONTWAIT) >= 0) return true;
  // Without blocking, libzmq looks for news of the connection once in a millisecond only; reading the events makes it look now.
  int events = 0;
  std::size_t bytes = sizeof events;
  if (zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &bytes) == 0 && (events & ZMQ_POLLOUT) != 0 &&
      zmq_msg_send(&message, socket_, ZMQ_DONTWAIT) >= 0)
    return true;
  zmq_msg_close(&message);
  return false;
}

void ZmqSocket::send_parts(std::initializer_list<std::string_view> parts) {
  std::size_t left = parts.size();
  for (const std::string_view part : parts)
    if (zmq_send(socket_, part.data(), part.size(), ZMQ_DONTWAIT | (--left != 0 ? ZMQ_SNDMORE : 0)) < 0) return;
}

std::optional<ZmqPart> ZmqSocket::receive() {
  zmq_msg_t* const message = as_message(message_);
  while (zmq_msg_recv(message, socket_, ZMQ_DONTWAIT) < 0)
    if (errno != EINTR) return std::nullopt;
  for (char* const place : handover_) tell_taken(place);
  return ZmqPart{{static_cast<const std::byte*>(zmq_msg_data(message)), zmq_msg_size(message)}, zmq_msg_more(message) != 0};
}

std::optional<ZmqEvent> ZmqSocket::next_event() {
  while (const auto head = receive()) {
    std::uint16_t number = 0;
    std::int32_t value = 0;
    if (head->bytes.size() >= 6) {
      std::memcpy(&number, head->bytes.data(), sizeof number);
      std::memcpy(&value, head->bytes.data() + sizeof number, sizeof value);
    }
    for (bool more = head->more; more;) {
      const auto rest = receive();
      more = rest && rest->more;
    }
    if (number == ZMQ_EVENT_CONNECTED) return ZmqEvent{ZmqNews::connected, value};
    if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return ZmqEvent{ZmqNews::opened, -1};
    if (number != 0 && number != ZMQ_EVENT_MONITOR_STOPPED) return ZmqEvent{ZmqNews::ended, -1};
  }
  return std::nullopt;
}

bool ZmqSocket::signalled() const noexcept {
  pollfd one{descriptor_, POLLIN, 0};
  return poll(&one, 1, 0) != 0;
}

}  // namespace troupe::detail
