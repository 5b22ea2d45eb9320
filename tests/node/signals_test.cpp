// troupe: actors in processes. Apache-2.0, see LICENSE.
// SIGINT and SIGTERM arrive in a poll loop, and afterwards everything is as it was.
#include "catch.hpp"
#include "child.hpp"

#include <troupe/node/role.hpp>
#include <troupe/node/signals.hpp>

#include <signal.h>

#include <atomic>

using namespace troupe::detail;

namespace {

std::atomic<int> seen_by_user{0};
void user_handler(int) { ++seen_by_user; }

bool readable(const SignalWatch& watch) {
  pollfd state{watch.descriptor(), POLLIN, 0};
  return ::poll(&state, 1, 0) == 1;
}

const ChildMain end_by_signal{"end_by_signal", [](int, char**) {
                                const auto role = take_role();
                                SignalWatch watch;
                                const int wanted = std::stoi(text_of(role->bytes));
                                ::raise(wanted);
                                const auto signal = watch.take();
                                if (!signal || *signal != wanted) return 1;
                                raise_default(*signal);
                                return 2;
                              }};

}  // namespace

TEST_CASE("SignalWatch tells each signal in order, and its descriptor is readable until they are taken") {
  SignalWatch watch;
  CHECK_FALSE(readable(watch));
  CHECK_FALSE(watch.take().has_value());

  ::raise(SIGTERM);
  ::raise(SIGINT);

  CHECK(readable(watch));
  CHECK(watch.take() == SIGTERM);
  CHECK(watch.take() == SIGINT);
  CHECK_FALSE(watch.take().has_value());
  CHECK_FALSE(readable(watch));
}

TEST_CASE("SignalWatch gives the user's handler back, and forgets what was not taken") {
  ::signal(SIGINT, user_handler);
  {
    SignalWatch watch;
    ::raise(SIGINT);
    CHECK(seen_by_user == 0);
  }
  ::raise(SIGINT);
  CHECK(seen_by_user == 1);
  {
    SignalWatch watch;
    CHECK_FALSE(watch.take().has_value());
  }
  ::signal(SIGINT, SIG_DFL);
}

TEST_CASE("A second SignalWatch is inert while the first lives") {
  SignalWatch first;
  {
    SignalWatch second;
    CHECK(second.descriptor() == -1);
    ::raise(SIGINT);
    CHECK_FALSE(second.take().has_value());
  }
  ::raise(SIGTERM);
  CHECK(first.take() == SIGINT);
  CHECK(first.take() == SIGTERM);
}

TEST_CASE("SignalWatch leaves an ignored signal ignored") {
  ::signal(SIGINT, SIG_IGN);
  {
    SignalWatch watch;
    ::raise(SIGINT);
    CHECK_FALSE(watch.take().has_value());
  }
  ::signal(SIGINT, SIG_DFL);
}

TEST_CASE("After a watch, raise_default ends the process by the signal it took") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  Launcher launcher;
  const Child child = launcher.start(child_of("end_by_signal", std::to_string(signal)));

  const auto end = reap(child.pidfd, 20s);

  REQUIRE(end.has_value());
  CHECK(end->signal == signal);
}

TEST_CASE("A quiet thread takes no signals of the process, and its starter keeps its mask") {
  sigset_t in_thread;
  sigset_t here;
  quiet_thread([&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &in_thread); }).join();
  ::pthread_sigmask(SIG_SETMASK, nullptr, &here);

  for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE, SIGUSR1}) {
    CHECK(::sigismember(&in_thread, signal) == 1);
    CHECK(::sigismember(&here, signal) == 0);
  }
  CHECK(::sigismember(&in_thread, SIGSEGV) == 0);
}
