// troupe: actors in processes. Apache-2.0, see LICENSE.
// What children print arrives whole, in order and in bounded memory, whoever reads slowly, dies or holds a pipe open.
#include "catch.hpp"
#include "child.hpp"

#include <troupe/node/child_exit.hpp>
#include <troupe/node/relay.hpp>
#include <troupe/node/role.hpp>

#include <algorithm>
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

using namespace troupe::detail;

namespace {

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

Pipe source() {
  auto pipe = make_pipe();
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

void put(const Descriptor& to, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(to.get(), text.data(), text.size());
    if (done <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
}

// A relay that writes to a pipe, whose whole content `text` gives once the relay is gone.
struct Fixture {
  Pipe pipe = make_pipe();
  std::string all;
  std::thread reader;
  std::unique_ptr<Relay> relay;

  explicit Fixture(RelayOptions options = {}) {
    options.out = options.err = pipe.write.get();
    relay = std::make_unique<Relay>(options);
    reader = std::thread{[this] { all = read_to_end(pipe.read); }};
  }
  ~Fixture() { text(); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  const std::string& text() {
    relay.reset();
    pipe.write.close();
    if (reader.joinable()) reader.join();
    return all;
  }
};

std::string numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

const ChildMain print_and_throw{"print_and_throw", [](int, char**) {
                                  const auto role = take_role();
                                  std::printf("to stdout\n");
                                  try {
                                    throw std::out_of_range{"no such word"};
                                  } catch (...) {
                                    report_uncaught(role->name);
                                  }
                                  leave(1, false);
                                  return 0;
                                }};

// Its stdout is a pipe, so that what it prints stays in its buffer.
const ChildMain print_around_relay{"print_around_relay", [](int, char**) {
                                     [[maybe_unused]] const auto role = take_role();
                                     int ends[2];
                                     if (::pipe2(ends, O_NONBLOCK) != 0) return 1;
                                     const Descriptor write{ends[1]};
                                     std::printf("before\n");
                                     Relay relay;
                                     relay.add(1, Descriptor{ends[0]}, {});
                                     put(write, "child\n");
                                     if (!relay.finish(1, 20s)) return 2;
                                     std::printf("after\n");
                                     return 0;
                                   }};

}  // namespace

TEST_CASE("Lines of several children, written in pieces at the same time, arrive whole and in order") {
  Fixture fixture;
  std::vector<std::thread> writers;
  std::vector<std::string> expected(4);
  for (std::uint64_t id = 0; id < 4; ++id) {
    auto pipe = source();
    fixture.relay->add(id, std::move(pipe.read), {});
    std::string& text = expected[id];
    for (std::size_t line = 0; line < 60; ++line)
      text.append(std::to_string(id)).append(line * line * 11 % 50000, static_cast<char>('a' + line % 26)).append("\n");
    writers.emplace_back([&text, write = std::move(pipe.write)] {
      for (std::size_t at = 0; at < text.size(); at += 777) put(write, std::string_view{text}.substr(at, 777));
    });
  }
  for (auto& writer : writers) writer.join();

  std::map<char, std::string> by_child;
  std::istringstream lines{fixture.text()};
  for (std::string line; std::getline(lines, line);) by_child[line.at(0)] += line + "\n";

  REQUIRE(by_child.size() == 4);
  for (std::uint64_t id = 0; id < 4; ++id) CHECK((by_child[static_cast<char>('0' + id)] == expected[id]));
}

TEST_CASE("Each line gets the prefix of its child, on stdout and stderr alike") {
  Fixture fixture;
  auto out = source();
  auto err = source();
  fixture.relay->add(1, std::move(out.read), std::move(err.read), "[w1] ");
  put(out.write, "one\ntwo\n");
  put(err.write, "three");
  fixture.relay->finish(1);

  const auto text = fixture.text();
  CHECK(text.find("[w1] one\n[w1] two\n") != std::string::npos);
  CHECK(text.find("[w1] three") != std::string::npos);
}

TEST_CASE("A line longer than the limit is passed on in pieces, before its newline has come, and complete") {
  Fixture fixture;
  auto pipe = source();
  fixture.relay->add(1, std::move(pipe.read), {}, "> ");
  const std::string line(300'000, 'x');
  put(pipe.write, line + "\n" + line);
  CHECK(fixture.relay->finish(1, 20s));

  CHECK((fixture.text() == "> " + line + "\n> " + line));
}

TEST_CASE("An unfinished line that another child's output follows gets its newline") {
  Fixture fixture;
  auto first = source();
  auto second = source();
  fixture.relay->add(1, std::move(first.read), {});
  fixture.relay->add(2, std::move(second.read), {});
  put(first.write, "no newline");
  CHECK(fixture.relay->finish(1, 20s));
  put(second.write, "a line\n");
  CHECK(fixture.relay->finish(2, 20s));

  CHECK(fixture.text() == "no newline\na line\n");
}

TEST_CASE("A child whose output nobody reads waits after the buffer is full, and then loses nothing of 5 MiB") {
  auto out = make_pipe();
  auto relay = std::make_unique<Relay>(RelayOptions{.out = out.write.get(), .err = out.write.get()});
  auto pipe = source();
  auto other = source();
  relay->add(1, std::move(pipe.read), {});
  relay->add(2, {}, std::move(other.read));
  std::string text;
  while (text.size() < (5u << 20)) text += numbered(1000);
  const std::size_t pipe_bytes = 64 << 10;

  // Writes until nothing has moved for 300 ms: then the child would be waiting.
  ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
  std::size_t written = 0;
  pollfd room{pipe.write.get(), POLLOUT, 0};
  while (written < text.size() && ::poll(&room, 1, 300) > 0) {
    const auto done = ::write(pipe.write.get(), text.data() + written, std::min<std::size_t>(4096, text.size() - written));
    if (done > 0) written += static_cast<std::size_t>(done);
  }
  CHECK(written >= (1u << 20));
  CHECK(written <= (1u << 20) + 4 * pipe_bytes);

  // The other child is not held up: its errors are known, its end too.
  std::promise<std::string> errors;
  put(other.write, "help\n");
  relay->finish(2, RelayEnd{.read = [&](std::string last) { errors.set_value(std::move(last)); }, .written = {}});
  auto known = errors.get_future();
  REQUIRE(known.wait_for(20s) == std::future_status::ready);
  CHECK(known.get() == "help\n");

  ::fcntl(pipe.write.get(), F_SETFL, 0);
  std::thread writer{[&] {
    put(pipe.write, std::string_view{text}.substr(written));
    pipe.write.close();
    relay.reset();
    out.write.close();
  }};
  std::string got = read_to_end(out.read);
  writer.join();
  const auto help = got.find("help\n");
  REQUIRE(help != std::string::npos);
  got.erase(help, 5);
  CHECK((got == text));
}

TEST_CASE("finish does not wait for a stranger that holds the pipe open") {
  Fixture fixture;
  auto pipe = source();
  const Descriptor held{::fcntl(pipe.write.get(), F_DUPFD_CLOEXEC, 0)};
  fixture.relay->add(1, std::move(pipe.read), {});
  put(pipe.write, "last words");
  pipe.write.close();

  CHECK(fixture.relay->finish(1, 20s));

  CHECK(fixture.text() == "last words");
}

TEST_CASE("finish of a child that has ended already, or was never known, returns at once") {
  Fixture fixture;
  CHECK(fixture.relay->finish(7, 20s));
  auto pipe = source();
  fixture.relay->add(7, std::move(pipe.read), {});
  CHECK(fixture.relay->finish(7, 20s));
  CHECK(fixture.relay->finish(7, 20s));
}

TEST_CASE("last_errors has the last 20 lines of stderr, at most 4 KiB") {
  Fixture fixture;
  auto out = source();
  auto err = source();
  fixture.relay->add(1, std::move(out.read), std::move(err.read));
  std::string last;
  put(out.write, "not an error\n");

  SECTION("the text at the end") {
    put(err.write, numbered(30) + "end");
    std::promise<std::string> read;
    fixture.relay->finish(1, RelayEnd{.read = [&](std::string text) { read.set_value(std::move(text)); }, .written = {}});
    last = read.get_future().get();
    CHECK(last.substr(0, 8) == "line 11\n");
    CHECK(last.substr(last.size() - 12) == "line 29\nend\n");
  }
  SECTION("long ones") {
    put(err.write, std::string(5000, 'a') + "\n" + std::string(3000, 'b') + "\n" + std::string(9000, 'c') + "Z\n");
    std::promise<std::string> read;
    fixture.relay->finish(1, RelayEnd{.read = [&](std::string text) { read.set_value(std::move(text)); }, .written = {}});
    last = read.get_future().get();
    CHECK(last.size() == 4096);
    CHECK(last.find_first_not_of('c') == 4094);
  }
  CHECK(fixture.relay->last_errors(1).empty());
}

TEST_CASE("When our reader has gone, output is dropped without SIGPIPE and children still end") {
  auto out = make_pipe();
  Relay relay{{.out = out.write.get(), .err = out.write.get()}};
  out.read.close();
  auto pipe = source();
  relay.add(1, std::move(pipe.read), {});

  put(pipe.write, std::string(200'000, '\n'));

  CHECK(relay.finish(1, 20s));
}

TEST_CASE("abandon ends a relay whose reader does not read") {
  auto out = make_pipe();
  auto relay = std::make_unique<Relay>(RelayOptions{.out = out.write.get(), .err = out.write.get()});
  auto pipe = source();
  relay->add(1, std::move(pipe.read), {});
  put(pipe.write, std::string(200'000, '\n'));
  CHECK_FALSE(relay->finish(1, 50ms));

  relay->abandon();
  relay.reset();

  CHECK_FALSE(relay);
}

TEST_CASE("A child's output comes between what this program printed before it and after it") {
  Launcher launcher;
  const Child child = launcher.start(child_of("print_around_relay"));

  CHECK(read_to_end(child.out) == "before\nchild\nafter\n");
  CHECK(reap(child.pidfd, 20s)->code == 0);
}

TEST_CASE("The exception that ends a child reaches its parent's stderr and the last errors, and its stdout is flushed") {
  Fixture fixture;
  Launcher launcher;
  Child child = launcher.start(child_of("print_and_throw"));
  const int pid = child.pid;
  fixture.relay->add(1, std::move(child.out), std::move(child.err));
  const auto end = reap(child.pidfd, 20s);
  std::promise<std::string> read;
  fixture.relay->finish(1, RelayEnd{.read = [&](std::string text) { read.set_value(std::move(text)); }, .written = {}});
  const std::string uncaught = "troupe: print_and_throw (" + std::to_string(pid) + "): std::out_of_range: no such word\n";

  CHECK(end->code == 1);
  CHECK(read.get_future().get().find(uncaught) == 0);
  CHECK(fixture.text().find(uncaught) != std::string::npos);
  CHECK(fixture.text().find("to stdout\n") != std::string::npos);
  CHECK(fixture.text().find("threads of it still run") != std::string::npos);
}
