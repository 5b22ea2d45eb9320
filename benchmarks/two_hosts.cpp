// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "benchmarks/two_hosts.hpp"

#include <troupe/node/core.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "transports/keys.hpp"

namespace bench {

namespace {

constexpr const char* other_name = "other";

std::string make_directory() {
  std::string path = std::filesystem::temp_directory_path() / "troupe-bench-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error{"no directory for the key: " + path};
  return path;
}

// Ctrl-C reaches all processes of the terminal: it must outlive that.
std::FILE* remove_at_our_end(const std::string& directory) {
  std::FILE* const shell = ::popen(("trap '' HUP INT TERM; read -r _; rm -rf '" + directory + "'").c_str(), "we");
  if (shell != nullptr) return shell;
  std::filesystem::remove_all(directory);
  throw std::runtime_error{"no shell to remove " + directory};
}

troupe::NodeOptions head_options(const std::string& keys) {
  troupe::NodeOptions options;
  options.listen = "tcp://127.0.0.1:*";
  options.keys = keys;
  options.name = "head";
  return options;
}

}  // namespace

JobKey::JobKey() : directory_{make_directory()}, remover_{remove_at_our_end(directory_)} { troupe::detail::make_keys(directory_); }

JobKey::~JobKey() { ::pclose(remover_); }

OtherHost::~OtherHost() {
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

void OtherHost::start(const std::string& head, const std::string& keys) {
  std::array<std::string, 4> words{"bench", "--troupe-join=" + head, "--troupe-keys=" + keys, std::string{"--troupe-name="} + other_name};
  std::array<char*, words.size() + 1> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  const int parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"no process for the other host"};
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) ::execv("/proc/self/exe", arguments.data());
  ::_exit(1);
}

TwoHosts::TwoHosts(Other other) : head_{head_options(key_.directory())} {
  if (other == Other::joined) join();
}

void TwoHosts::join() {
  other_.start(head_.core().tcp_endpoint(), key_.directory());
  head_.wait_for_hosts(2);
}

troupe::Place TwoHosts::other() { return troupe::on_host(other_name); }

}  // namespace bench
