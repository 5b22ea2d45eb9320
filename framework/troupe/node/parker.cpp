// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/parker.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <system_error>

namespace troupe::detail {

int poll_timeout(TimePoint now, TimePoint until) {
  if (until == TimePoint::max()) return -1;
  if (until <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, INT_MAX));
}

bool poll_two(int first, int second, TimePoint until) {
  std::array<pollfd, 2> watched{pollfd{first, POLLIN, 0}, pollfd{second, POLLIN, 0}};
  if (until == TimePoint::max()) {
    ::poll(watched.data(), watched.size(), -1);
    return watched[1].revents != 0;
  }
  const auto left = std::max(until - std::chrono::steady_clock::now(), Duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec time{static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
  ::ppoll(watched.data(), watched.size(), &time, nullptr);
  return watched[1].revents != 0;
}

Parker& Parker::current() {
  static thread_local Parker parker;
  return parker;
}

Parker::~Parker() {
  if (bell_ >= 0) ::close(bell_);
}

void Parker::wake() noexcept {
  const int before = state_.exchange(woken);
  if (before == polling) {
    const std::uint64_t one = 1;
    while (::write(bell_, &one, sizeof one) < 0 && errno == EINTR) {
    }
  } else if (before == sleeping) {
    const std::lock_guard lock{mutex_};
    condition_.notify_one();
  }
}

void Parker::sleep(TimePoint until) {
  std::unique_lock lock{mutex_};
  int expected = awake;
  if (state_.compare_exchange_strong(expected, sleeping)) {
    const auto is_woken = [this] { return state_.load() == woken; };
    if (until == TimePoint::max()) {
      condition_.wait(lock, is_woken);
    } else {
      condition_.wait_until(lock, until, is_woken);
    }
  }
  state_.store(awake);
}

void Parker::sleep_polling(int descriptor, TimePoint until) {
  if (bell_ < 0) {
    bell_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell_ < 0) throw std::system_error{errno, std::generic_category(), "troupe: eventfd"};
  }
  int expected = awake;
  if (state_.compare_exchange_strong(expected, polling)) {
    std::uint64_t rings = 0;
    if (poll_two(descriptor, bell_, until))
      while (::read(bell_, &rings, sizeof rings) < 0 && errno == EINTR) {
      }
  }
  state_.store(awake);
}

}  // namespace troupe::detail
