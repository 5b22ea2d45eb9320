// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "checks.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include <troupe/node/descriptor.hpp>
#include <troupe/node/runtime_directory.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/envelope.hpp>
#include <troupe/wire/error.hpp>

#include "find_nodes.hpp"
#include "readable.hpp"
#include "transports/keys.hpp"
#include "transports/zmq_socket.hpp"

namespace troupe::tools {

using namespace troupe::detail;

namespace {

constexpr rlim_t least_descriptors = 256;  // a node with a dozen peers
constexpr rlim_t few_descriptors = 4096;
constexpr rlim_t few_processes = 1024;
constexpr long least_backlog = 100;  // as many dials at once as a node takes
constexpr double little_memory = 64e6;

std::string reason(int error) { return std::generic_category().message(error); }

std::string limit_text(rlim_t limit) { return limit == RLIM_INFINITY ? "no limit" : std::to_string(limit); }

/// The program's path; empty: it is not there.
std::string path_of(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders{path == nullptr ? "/usr/bin:/bin" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + '/' + program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace

std::vector<Check> check_versions() {
  std::vector<Check> checks;
  checks.push_back({"troupe", Verdict::good, std::string{TROUPE_VERSION} + ", wire version " + std::to_string(wire_version)});
  if (zmq_has_curve()) {
    checks.push_back({"libzmq", Verdict::good, zmq_version_text() + ", with CURVE"});
  } else {
    checks.push_back(
        {"libzmq", Verdict::note, zmq_version_text() + ", without CURVE", "several hosts need one that was built with libsodium"});
  }
  checks.push_back({"cereal", Verdict::good, cereal_version()});
  return checks;
}

Check check_runtime_directory() {
  const std::string subject = "runtime directory";
  try {
    const std::string path = runtime_directory();
    std::string found = path + ", mode 0700, nodes: " + std::to_string(find_nodes({path}).size());
    for (const std::string& other : runtime_directories())
      if (other != path) found += "; " + other + ", nodes: " + std::to_string(find_nodes({other}).size());
    return {subject, Verdict::good, found};
  } catch (const troupe::Error& error) {
    return {subject, Verdict::bad, error.what()};
  }
}

Check check_keys(const std::string& directory) {
  const std::string subject = "keys";
  if (directory.empty())
    return {subject, Verdict::note, "none named", "for several hosts: troupe keygen DIR, then troupe doctor --keys DIR"};
  try {
    static_cast<void>(load_keys(directory));
    return {subject, Verdict::good, directory + "/node.key, for its user alone"};
  } catch (const troupe::Error& error) {
    return {subject, Verdict::bad, error.what()};
  }
}

Check check_port(std::uint16_t port) {
  const std::string subject = "port " + std::to_string(port);
  const Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int yes = 1;  // a connection of an earlier node that still closes is in nobody's way
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(port);
  address.sin_addr.s_addr = ::htonl(INADDR_ANY);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(listener.get(), 1) == 0)
    return {subject, Verdict::good, "free"};
  const int error = errno;
  if (error == EADDRINUSE) return {subject, Verdict::bad, "taken", "ss -ltnp 'sport = :" + std::to_string(port) + "' shows by whom"};
  return {subject, Verdict::bad, "cannot be had: " + reason(error)};
}

std::vector<Check> check_limits() {
  std::vector<Check> checks;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);  // a node raises its own to the hard one
  const Verdict enough = files.rlim_max < least_descriptors ? Verdict::bad
                         : files.rlim_max < few_descriptors ? Verdict::note
                                                            : Verdict::good;
  checks.push_back({"open files", enough, limit_text(files.rlim_max) + " (ulimit -Hn)",
                    enough == Verdict::good ? "" : "a node needs four for each peer: raise it in /etc/security/limits.conf"});
  rlimit processes{};
  ::getrlimit(RLIMIT_NPROC, &processes);
  const bool many = processes.rlim_max >= few_processes;
  checks.push_back({"processes and threads", many ? Verdict::good : Verdict::note, limit_text(processes.rlim_cur) + " (ulimit -u)",
                    many ? "" : "each process of a program has about six threads"});
  long backlog = 0;
  std::ifstream{"/proc/sys/net/core/somaxconn"} >> backlog;
  const bool enough_dials = backlog >= least_backlog;
  checks.push_back({"waiting connections", enough_dials ? Verdict::good : Verdict::note, std::to_string(backlog) + " (net.core.somaxconn)",
                    enough_dials ? "" : "sysctl net.core.somaxconn=4096, or many children that start at once dial again and again"});
  return checks;
}

Check check_kernel() {
  utsname kernel{};
  ::uname(&kernel);
  const std::string found = std::string{kernel.sysname} + ' ' + kernel.release + ' ' + kernel.machine;
  const Descriptor self{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  if (!self)
    return {"kernel", Verdict::bad, found + ", without pidfd_open: " + reason(errno), "the deaths of processes are seen by it: Linux 5.3"};
  return {"kernel", Verdict::good, found};
}

Check check_shared_memory() {
  const std::string subject = "/dev/shm";
  const std::string advice = "Value and Array need it, or NodeOptions::shared_memory = false, where each access asks their owner";
  struct statvfs status {};
  if (::statvfs("/dev/shm", &status) != 0) return {subject, Verdict::note, reason(errno), advice};
  if (::access("/dev/shm", W_OK | X_OK) != 0) return {subject, Verdict::note, "not for this user: " + reason(errno), advice};
  const double free = static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize);
  if (free < little_memory) return {subject, Verdict::note, readable_bytes(free) + " free", advice};
  return {subject, Verdict::good, readable_bytes(free) + " free"};
}

std::vector<Check> check_engines() {
  std::vector<Check> checks;
  const auto look_for = [&](const std::string& program, const std::string& without) {
    const std::string path = path_of(program);
    checks.push_back(path.empty() ? Check{program, Verdict::note, "not found", without} : Check{program, Verdict::good, path});
  };
  look_for("ssh", "programs cannot be started on other hosts by ssh");
  look_for("srun", "there is no Slurm here to start programs on its nodes");
  look_for("etcd", "names are kept by the head, unless an etcd runs elsewhere");
  return checks;
}

}  // namespace troupe::tools
