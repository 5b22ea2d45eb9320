// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/relay.hpp>
#include <troupe/node/relay_buffers.hpp>
#include <troupe/node/signals.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::detail {

// The thread owns children_ and sinks_; what others say or ask lies behind the mutex, which is never held in a call to the system.
class Relay::Worker {
 public:
  explicit Worker(RelayOptions options) : options_{options}, sinks_{RelaySink{options.out}, RelaySink{options.err}} {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ~Worker() {
    tell([this] { stopping_ = true; });
    if (thread_.joinable()) thread_.join();
  }

  void add(std::uint64_t id, Descriptor out, Descriptor err, std::string prefix) {
    start();
    tell([&] {
      errors_.emplace(id, LastLines{options_.error_lines, options_.error_bytes});
      auto& child = added_.emplace_back();
      child.id = id;
      child.streams[0] = RelayStream{std::move(out), prefix, options_.line_bytes};
      child.streams[1] = RelayStream{std::move(err), std::move(prefix), options_.line_bytes};
    });
  }

  std::string last_errors(std::uint64_t id) const {
    const std::lock_guard lock{mutex_};
    const auto found = errors_.find(id);
    return found == errors_.end() ? std::string{} : found->second.text();
  }

  void finish(std::uint64_t id, RelayEnd end) {
    bool known = false;
    tell([&] {
      known = errors_.contains(id);
      if (known) finished_.emplace_back(id, std::move(end));
    });
    if (!known) nothing_left(end);
  }

  void abandon() {
    tell([this] { abandoned_ = true; });
  }

 private:
  struct Child {
    std::uint64_t id = 0;
    std::array<RelayStream, 2> streams;
    bool finished = false;
    RelayEnd end;
  };

  static void nothing_left(const RelayEnd& end) {
    if (end.read) end.read({});
    if (end.written) end.written();
  }

  void start() {
    const std::lock_guard lock{mutex_};
    if (thread_.joinable()) return;
    wake_ = Descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!wake_) throw std::system_error(errno, std::generic_category(), "relaying the output of child processes");
    thread_ = quiet_thread([this] { run(); });
  }

  template <class Change>
  void tell(Change change) {
    const std::lock_guard lock{mutex_};
    change();
    const std::uint64_t one = 1;
    if (wake_) [[maybe_unused]]
      const auto written = ::write(wake_.get(), &one, sizeof one);
  }

  void run() {
    while (take_orders()) {
      wait();
      for (auto& child : children_)
        for (std::size_t i = 0; i < child.streams.size(); ++i)
          if (child.streams[i].readable) read(child, i, false);
      for (std::size_t i = 0; i < sinks_.size(); ++i)
        if (sinks_[i].writable) write(i);
      forget_written();
    }
  }

  // @returns false: the end was ordered and nothing is left to do
  bool take_orders() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto seen = ::read(wake_.get(), &count, sizeof count);
    std::vector<std::pair<std::uint64_t, RelayEnd>> finished;
    bool stopping = false;
    {
      const std::lock_guard lock{mutex_};
      children_.splice(children_.end(), added_);
      finished.swap(finished_);
      stopping = stopping_;
      for (auto& sink : sinks_) sink.broken = sink.broken || abandoned_;
    }
    for (auto& [id, end] : finished) {
      const auto child =
          std::find_if(children_.begin(), children_.end(), [wanted = id](const Child& c) { return c.id == wanted && !c.finished; });
      if (child == children_.end()) {
        nothing_left(end);
      } else {
        finish_reading(*child, std::move(end));
      }
    }
    if (stopping)
      for (auto& child : children_)
        if (!child.finished) finish_reading(child, {});
    forget_written();
    return !stopping || !children_.empty();
  }

  void finish_reading(Child& child, RelayEnd end) {
    for (std::size_t i = 0; i < child.streams.size(); ++i) {
      read(child, i, true);
      child.streams[i].end();
    }
    child.finished = true;
    child.end = std::move(end);
    std::string last;
    {
      const std::lock_guard lock{mutex_};
      const auto found = errors_.find(child.id);
      last = found->second.text();
      errors_.erase(found);
    }
    if (child.end.read) child.end.read(std::move(last));
  }

  // `to_the_end`: what lies in the pipe now, whatever is buffered; bounded, as a stranger may go on writing.
  void read(Child& child, std::size_t which, bool to_the_end) {
    auto& stream = child.streams[which];
    std::size_t left = to_the_end ? options_.buffered_bytes : 1;
    while (stream.source && left > 0) {
      const auto got = ::read(stream.source.get(), chunk_.data(), chunk_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        stream.end();
        return;
      }
      const std::string_view text{chunk_.data(), static_cast<std::size_t>(got)};
      stream.append(text);
      left -= std::min(left, text.size());
      if (which == 0) continue;
      const std::lock_guard lock{mutex_};
      errors_.find(child.id)->second.append(text);
    }
  }

  void wait() {
    polled_.clear();
    polled_.push_back({wake_.get(), POLLIN, 0});
    for (auto& child : children_)
      for (auto& stream : child.streams)
        polled_.push_back({stream.waiting_bytes() < options_.buffered_bytes ? stream.source.get() : -1, POLLIN, 0});
    bool idle = true;  // nothing that a broken output lets us drop at once
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      const bool work = has_work(i);
      if (work && sinks_[i].broken) idle = false;
      polled_.push_back({work && !sinks_[i].broken ? sinks_[i].target : -1, POLLOUT, 0});
    }
    if (::poll(polled_.data(), polled_.size(), idle ? -1 : 0) < 0)
      for (auto& entry : polled_) entry.revents = 0;
    auto entry = polled_.begin() + 1;
    for (auto& child : children_)
      for (auto& stream : child.streams) stream.readable = (entry++)->revents != 0;
    for (std::size_t i = 0; i < sinks_.size(); ++i) sinks_[i].writable = (entry++)->revents != 0 || (sinks_[i].broken && has_work(i));
  }

  bool has_work(std::size_t which) const {
    if (sinks_[which].pending()) return true;
    for (const auto& child : children_)
      if (child.streams[which].ready()) return true;
    return false;
  }

  void write(std::size_t which) {
    auto& sink = sinks_[which];
    if (sink.broken) {
      sink.drop();
      for (auto& child : children_) child.streams[which].drop_ready();
      return;
    }
    if (!sink.pending() && sink.flush_own()) return;  // that may have filled it: ask again whether there is room
    if (!sink.pending()) {
      // The stream whose line is open goes first, then whoever waits longest.
      auto next = children_.end();
      for (auto child = children_.begin(); child != children_.end(); ++child) {
        if (!child->streams[which].ready()) continue;
        if (next == children_.end() || sink.in_line_of(child->streams[which])) next = child;
      }
      if (next == children_.end()) return;
      sink.take(next->streams[which]);
      children_.splice(children_.end(), children_, next);
    }
    sink.write();
  }

  void forget_written() {
    for (auto child = children_.begin(); child != children_.end();) {
      bool written = child->finished;
      for (std::size_t i = 0; i < sinks_.size(); ++i)
        if (child->streams[i].ready() || sinks_[i].pending_of(child->streams[i])) written = false;
      if (!written) {
        ++child;
        continue;
      }
      for (std::size_t i = 0; i < sinks_.size(); ++i) sinks_[i].forget(child->streams[i]);
      const auto end = std::move(child->end);
      child = children_.erase(child);
      if (end.written) end.written();
    }
  }

  const RelayOptions options_;
  std::thread thread_;
  Descriptor wake_;
  std::list<Child> children_;
  std::array<RelaySink, 2> sinks_;
  std::vector<pollfd> polled_;
  std::vector<char> chunk_ = std::vector<char>(64 << 10);

  mutable std::mutex mutex_;
  std::list<Child> added_;
  std::vector<std::pair<std::uint64_t, RelayEnd>> finished_;
  std::map<std::uint64_t, LastLines> errors_;
  bool abandoned_ = false;
  bool stopping_ = false;
};

Relay::Relay(RelayOptions options) : worker_{std::make_unique<Worker>(options)} {}

Relay::~Relay() = default;

void Relay::add(std::uint64_t id, Descriptor out, Descriptor err, std::string prefix) {
  worker_->add(id, std::move(out), std::move(err), std::move(prefix));
}

std::string Relay::last_errors(std::uint64_t id) const { return worker_->last_errors(id); }

void Relay::finish(std::uint64_t id, RelayEnd end) { worker_->finish(id, std::move(end)); }

bool Relay::finish(std::uint64_t id, std::chrono::milliseconds patience) {
  const auto written = std::make_shared<std::promise<void>>();  // shared: the relay may be done only after this wait gave up
  finish(id, RelayEnd{.read = {}, .written = [written] { written->set_value(); }});
  return written->get_future().wait_for(patience) == std::future_status::ready;
}

void Relay::abandon() { worker_->abandon(); }

}  // namespace troupe::detail
