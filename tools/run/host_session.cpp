// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/host_session.hpp"

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace troupe::tools {

namespace {

constexpr std::size_t piece_bytes = 64 << 10;
// Read of a pipe whose process has ended: all that it can hold, but not for ever, if somebody else has it.
constexpr std::size_t last_bytes = 1 << 20;

}  // namespace

HostSession::HostSession(HostEntry host, Part part, Output& output) : host_{std::move(host)}, part_{part}, output_{output} {}

Input HostSession::input() const {
  if (!is_head()) return Input::none;
  return host_.local ? Input::terminal : Input::sent;
}

void HostSession::start(const HostTask& task, const std::string& ssh) {
  const std::string script = host_script(task);
  Pipe orders = make_pipe();
  Pipe marks = make_pipe();
  Pipe out;
  if (!is_head()) out = make_pipe();

  if (host_.local) {
    start_here(reading_command(script, 3), orders.read, out.write, marks.write);
  } else {
    const std::string command = "exec sh -c " + shell_word("exec 3<&0 4>&2; " + reading_command(script, 3));
    process_ = start_program({"sh", "-c", "exec " + ssh + " \"$@\"", "sh", "-T", "--", host_.destination, command},
                             {{orders.read.get(), 0}, {is_head() ? 1 : out.write.get(), 1}, {marks.write.get(), 2}}, Interrupt::is_blocked);
  }
  orders_ = std::move(orders.write);
  do_not_wait(orders_);
  const auto source = [&](Pipe& pipe, bool marked) {
    do_not_wait(pipe.read);
    return Source{std::move(pipe.read), &output_.open('[' + host_.name + "] "), marked ? std::make_unique<Marks>(task.nonce) : nullptr};
  };
  if (out.read) out_ = source(out, false);
  marks_ = source(marks, true);
  send(script);
}

void HostSession::start_here(const std::string& command, const Descriptor& orders, const Descriptor& out, const Descriptor& marks) {
  Descriptors descriptors{{orders.get(), 3}, {marks.get(), 4}};
  if (is_head()) {
    descriptors.insert(descriptors.end(), {{0, 5}, {-1, 0}});
  } else {
    descriptors.insert(descriptors.end(), {{-1, 0}, {out.get(), 1}, {marks.get(), 2}});
  }
  process_ = start_program({"sh", "-c", command}, descriptors, Interrupt::ends);
}

void HostSession::send(std::shared_ptr<const std::string> text) {
  if (!closing_ && !text->empty()) unsent_.push_back(std::move(text));
}

void HostSession::send_input(std::string_view piece) {
  if (piece.empty()) {
    send("end\n");
  } else {
    send("input " + std::to_string(piece.size()) + '\n' + std::string{piece});
  }
  input_taken_ = false;
}

void HostSession::close() {
  closing_ = true;
  unsent_.clear();
  orders_.close();
}

HostSession::Polled HostSession::wanted() const {
  const auto reading = [](const Source& source) {
    return pollfd{source.pipe && Output::has_room(*source.stream) ? source.pipe.get() : -1, POLLIN, 0};
  };
  return {{{gone_ ? -1 : process_.get(), POLLIN, 0}, {unsent_.empty() ? -1 : orders_.get(), POLLOUT, 0}, reading(out_), reading(marks_)}};
}

void HostSession::serve(const Polled& polled) {
  if (polled[1].revents != 0 && !unsent_.empty()) write_orders();  // it may have been closed since they were polled
  if (polled[2].revents != 0) read(out_, 1);
  if (polled[3].revents != 0) read(marks_, 1);
  if (polled[0].revents == 0 || gone_) return;
  gone_ = detail::reap(process_);
  if (!gone_) return;
  for (Source* source : {&out_, &marks_}) {
    read(*source, last_bytes);
    end(*source);
  }
  close();
}

void HostSession::write_orders() {
  const std::string& text = *unsent_.front();
  const auto done = ::write(orders_.get(), text.data() + sent_bytes_, text.size() - sent_bytes_);
  if (done < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (done < 0) return close();  // nobody reads any more
  sent_bytes_ += static_cast<std::size_t>(done);
  if (sent_bytes_ < text.size()) return;
  unsent_.pop_front();
  sent_bytes_ = 0;
}

void HostSession::read(Source& source, std::size_t most_bytes) {
  std::array<char, piece_bytes> buffer;
  for (std::size_t done = 0; source.pipe && done < most_bytes;) {
    const auto got = ::read(source.pipe.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(source);
    const std::string_view piece{buffer.data(), static_cast<std::size_t>(got)};
    done += piece.size();
    if (source.marks == nullptr) {
      source.stream->append(piece);
      continue;
    }
    const Marks::Found found = source.marks->take(piece);
    source.stream->append(found.text);
    for (const std::string& mark : found.marks) note(mark);
  }
}

void HostSession::end(Source& source) {
  if (!source.pipe) return;
  source.pipe.close();
  if (source.marks != nullptr) source.stream->append(source.marks->rest());
  source.stream->end();
}

void HostSession::note(const std::string& mark) {
  const auto space = mark.find(' ');
  const std::string word = mark.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : mark.substr(space + 1);
  if (word == "ready") ready_ = rest;
  if (word == "refused") refused_ = rest;
  if (word == "running") running_ = true;
  if (word == "taken") input_taken_ = true;
  if (word == "ended") ended_ = std::atoi(rest.c_str());
}

}  // namespace troupe::tools
