// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/name_stream.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

constexpr std::size_t longest_line = 64 << 20;  // guards memory: the changes of one transaction, or all since a moment ago
constexpr Duration look_every = std::chrono::milliseconds{500};
constexpr Duration pause_after_break = std::chrono::milliseconds{200};

}  // namespace

NameStream::NameStream(HttpLoop& loop, Members& members, Lease& lease, std::string prefix)
    : loop_{loop}, members_{members}, lease_{lease}, prefix_{std::move(prefix)} {}

void NameStream::await(const std::string& name, Promise<NameBytes> found) {
  const auto known = listeners_.names().find(name);
  if (state_ == State::open && known != listeners_.names().end()) return found.set_value(known->second);
  listeners_.await(name, std::move(found));
  begin();
}

void NameStream::listen(Directory::Since since, Promise<std::vector<NameChange>> changes) {
  listeners_.listen(since, std::move(changes));
  begin();
}

void NameStream::begin() {
  if (state_ != State::idle) return;
  read_all();
  loop_.after(look_every, [this] { look_after(); });
}

void NameStream::read_all() {
  state_ = State::reading;
  // The lease's beat finds out about a member that has fallen silent.
  lease_.with([](const Result<std::int64_t>&) {});
  members_.ask<KeyValues>(get_all(prefix_), &read_values, [this](const Result<KeyValues>& values) {
    if (state_ != State::reading) return;
    if (!values) return end();
    NameListeners::Names names;
    for (const auto& each : values->all) names.emplace(each.key.substr(prefix_.size()), each.value);
    listeners_.set(names);
    open(values->revision + 1);
  });
}

void NameStream::open(std::int64_t revision) {
  state_ = State::open;
  begun_ = false;
  unread_.clear();
  member_ = members_.preferred();
  opened_ = Clock::steady().now();
  const Call call = watch_all(prefix_, revision);
  stream_ = loop_.open_stream(
      member_ + call.path, call.body.dump(), members_.turn(), [this](std::string_view piece) { on_piece(piece); },
      [this](const HttpAnswer& answer) {
        if (!answer.problem.empty()) members_.pass_over(member_, answer.problem);
        stream_ = 0;
        end();
      });
}

void NameStream::on_piece(std::string_view piece) {
  unread_ += piece;
  std::size_t from = 0;
  for (std::size_t at = unread_.find('\n'); at != std::string::npos && state_ == State::open; at = unread_.find('\n', from)) {
    on_line(std::string_view{unread_}.substr(from, at - from));
    from = at + 1;
  }
  unread_.erase(0, from);
  if (unread_.size() > longest_line) end();
}

void NameStream::on_line(std::string_view line) {
  if (line.empty()) return;
  try {
    const WatchNews news = read_news(Json::parse(line, nullptr, false));
    begun_ = begun_ || news.begun;
    for (const auto& event : news.events) {
      const std::string name = event.now.key.substr(std::min(prefix_.size(), event.now.key.size()));
      event.removed ? listeners_.down(name) : listeners_.up(name, event.now.value);
    }
    if (news.over) end();  // what it should begin with is forgotten there
  } catch (const Malformed&) {
    end();
  }
}

// All is read anew in a moment.
void NameStream::end() {
  if (stream_ != 0) loop_.close_stream(std::exchange(stream_, 0));
  state_ = State::pausing;
  loop_.after(pause_after_break, [this] {
    if (state_ == State::pausing) read_all();
  });
}

void NameStream::look_after() {
  if (!listeners_.wanted()) {
    if (stream_ != 0) loop_.close_stream(std::exchange(stream_, 0));
    listeners_.forget();
    state_ = State::idle;
    return;
  }
  if (state_ == State::open && !begun_ && Clock::steady().now() - opened_ > members_.turn())
    members_.pass_over(member_, "it opens no stream");
  if (state_ == State::open && member_ != members_.preferred()) end();
  loop_.after(look_every, [this] { look_after(); });
}

}  // namespace troupe::etcd::detail
