// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "transports/inproc.hpp"

#include <troupe/wire/error.hpp>

#include "transports/descriptors.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr std::string_view prefix = "inproc://";

// libzmq has no monitor for inproc: this is ours, shared by a link and the inbox that it reaches.
class Line {
 public:
  Line() : bell_{eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (bell_ < 0) raise(ErrorType::refused, std::string{"no eventfd for a link: "} + std::strerror(errno));
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { close(bell_); }

  [[nodiscard]] int bell() const { return bell_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void end() {
    if (!ended_.exchange(true)) eventfd_write(bell_, 1);
  }
  void answer_bell() {
    eventfd_t rings = 0;
    eventfd_read(bell_, &rings);
  }

 private:
  int bell_;
  std::atomic<bool> ended_{false};
};

struct Place {
  std::size_t max_frame_bytes = 0;
  std::vector<std::weak_ptr<Line>> lines;
};

struct Names {
  std::mutex mutex;
  std::map<std::string, Place> places;

  static Names& instance() {
    static auto* names = new Names;  // outlives inboxes in statics
    return *names;
  }
};

std::string name_of(const std::string& endpoint) {
  std::string name = endpoint.substr(prefix.size());
  if (name.empty() || name.size() > 200) raise(ErrorType::misuse, endpoint + ": inproc needs a name of 1 to 200 bytes, inproc://NAME");
  return name;
}

// Names of ours never meet those that libzmq and zmq_socket use within the context.
std::string zmq_endpoint(const std::string& name) { return "inproc://troupe/" + name; }

class InprocBinding final : public Binding {
 public:
  InprocBinding(std::string endpoint, std::string name) : endpoint_{std::move(endpoint)}, name_{std::move(name)} {}
  ~InprocBinding() override {
    auto& names = Names::instance();
    const std::lock_guard lock{names.mutex};
    const auto place = names.places.find(name_);
    for (const auto& weak : place->second.lines)
      if (const auto line = weak.lock()) line->end();
    names.places.erase(place);
  }
  [[nodiscard]] const std::string& endpoint() const override { return endpoint_; }

 private:
  std::string endpoint_;
  std::string name_;
};

class InprocLink final : public Link {
 public:
  explicit InprocLink(const std::string& name) {
    auto& names = Names::instance();
    const std::lock_guard lock{names.mutex};
    const auto place = names.places.find(name);
    if (place == names.places.end()) {
      line_->end();
      return;
    }
    max_frame_bytes_ = place->second.max_frame_bytes;
    dealer_.emplace(ZmqSocket::dealer());
    dealer_->connect(zmq_endpoint(name));
    auto& lines = place->second.lines;
    std::erase_if(lines, [](const auto& weak) { return weak.expired(); });
    lines.push_back(line_);
  }

  [[nodiscard]] int descriptor() const override { return line_->bell(); }

  LinkEvent pump() override {
    line_->answer_bell();
    const LinkEvent now = line_->ended() ? LinkEvent::ended : LinkEvent::opened;
    return told_.exchange(now) == now ? LinkEvent::none : now;
  }

  [[nodiscard]] bool reached() const override { return dealer_.has_value(); }

  bool publish(const Block& frame) override {
    if (told_ != LinkEvent::opened || line_->ended()) return false;
    if (frame.size() > max_frame_bytes_) {  // libzmq checks connections that leave the process only
      line_->end();
      return true;
    }
    return dealer_->send(frame);
  }

  void cut() override { line_->end(); }

 private:
  std::shared_ptr<Line> line_ = std::make_shared<Line>();  // the inbox ends it from its thread
  std::optional<ZmqSocket> dealer_;                        // none: nobody had the name
  std::size_t max_frame_bytes_ = 0;
  std::atomic<LinkEvent> told_{LinkEvent::none};
};

}  // namespace

std::unique_ptr<Binding> Inproc::listen(ZmqSocket& router, const std::string& endpoint, const InboxOptions& options) {
  std::string name = name_of(endpoint);
  auto& names = Names::instance();
  const std::lock_guard lock{names.mutex};
  if (names.places.contains(name)) raise(ErrorType::refused, endpoint + " is in use in this process");
  router.bind(zmq_endpoint(name));
  names.places[name].max_frame_bytes = options.max_frame_bytes;
  return std::make_unique<InprocBinding>(endpoint, std::move(name));
}

std::unique_ptr<Link> Inproc::dial(const std::string& endpoint) {
  const std::string name = name_of(endpoint);
  require_descriptors("dialling " + endpoint);
  return std::make_unique<InprocLink>(name);
}

}  // namespace troupe::detail
