// troupe: actors in processes. Apache-2.0, see LICENSE.
// A real etcd of a test's own, of one member or several, on free ports: stopped, killed and started anew.
#pragma once

#include "catch.hpp"
#include "free_port.hpp"
#include "system/program.hpp"

#include <troupe/troupe.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>

/// What a server says to one request; empty: nothing, within 10 s.
inline std::string http_post(int port, const std::string& path, const std::string& body) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "POST " + path + " HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)!::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    std::array<char, 4096> piece;
    for (auto got = ::read(descriptor, piece.data(), piece.size()); got > 0; got = ::read(descriptor, piece.data(), piece.size()))
      answer.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(descriptor);
  return answer;
}

class EtcdServer {
 public:
  /// What is not installed; empty: nothing.
  static std::string missing() {
    std::istringstream path{std::getenv("PATH")};
    for (std::string folder; std::getline(path, folder, ':');)
      if (::access((folder + "/etcd").c_str(), X_OK) == 0) return {};
    return "etcd is not installed (apt install etcd-server)";
  }

  /// @param more  arguments of each
  explicit EtcdServer(std::size_t members = 1, std::vector<std::string> more = {}) : members_(members), more_{std::move(more)} {
    for (std::size_t i = 0; i < members; ++i) {
      members_[i] = {free_port(), free_port()};
      cluster_ += (i == 0 ? "" : ",") + name(i) + "=http://127.0.0.1:" + std::to_string(members_[i].peers);
    }
    for (std::size_t i = 0; i < members; ++i) start(i);
    if (more_.empty()) REQUIRE(healthy());
  }
  ~EtcdServer() {
    for (std::size_t i = 0; i < members_.size(); ++i) kill(i);
  }
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  [[nodiscard]] std::string endpoint(std::size_t member) const {
    return (more_.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(members_[member].clients);
  }
  /// As `etcd::use` takes them.
  [[nodiscard]] std::string endpoints() const {
    std::string all;
    for (std::size_t i = 0; i < members_.size(); ++i) all += (i == 0 ? "" : ",") + endpoint(i);
    return all;
  }
  /// What a member answers, or says in place of it.
  [[nodiscard]] std::string post(const std::string& path, const std::string& body, std::size_t member = 0) const {
    return http_post(members_[member].clients, path, body);
  }

  void kill(std::size_t member) {
    if (members_[member].pid == -1) return;
    ::kill(members_[member].pid, SIGKILL);
    ::waitpid(std::exchange(members_[member].pid, -1), nullptr, 0);
  }
  void pause(std::size_t member) const { ::kill(members_[member].pid, SIGSTOP); }
  void go_on(std::size_t member) const { ::kill(members_[member].pid, SIGCONT); }
  void forget(std::size_t member) const { std::filesystem::remove_all(folder_.path() + '/' + name(member)); }
  void start(std::size_t member) {
    const std::string clients = endpoint(member);
    const std::string peers = "http://127.0.0.1:" + std::to_string(members_[member].peers);
    std::vector<std::string> arguments{"etcd",
                                       "--name",
                                       name(member),
                                       "--data-dir",
                                       folder_.path() + '/' + name(member),
                                       "--listen-client-urls",
                                       clients,
                                       "--advertise-client-urls",
                                       clients,
                                       "--listen-peer-urls",
                                       peers,
                                       "--initial-advertise-peer-urls",
                                       peers,
                                       "--initial-cluster",
                                       cluster_,
                                       "--heartbeat-interval",
                                       "50",
                                       "--election-timeout",
                                       "500"};
    arguments.insert(arguments.end(), more_.begin(), more_.end());
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string log = folder_.path() + '/' + name(member) + ".log";
    const pid_t parent = ::getpid();
    members_[member].pid = ::fork();
    if (members_[member].pid != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    if (::getppid() == parent) ::execvp("etcd", pointers.data());
    ::_exit(127);
  }
  /// Until every member that runs answers with the majority behind it.
  [[nodiscard]] bool healthy() const {
    const auto until = std::chrono::steady_clock::now() + 30s;
    for (std::size_t i = 0; i < members_.size(); ++i)
      while (members_[i].pid != -1 && post("/v3/kv/range", R"({"key":"AA=="})", i).find("200 OK") == std::string::npos) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(5ms);
      }
    return true;
  }

 private:
  struct Member {
    int clients = 0;
    int peers = 0;
    pid_t pid = -1;
  };
  static std::string name(std::size_t member) { return "m" + std::to_string(member); }

  const Folder folder_;
  std::vector<Member> members_;
  const std::vector<std::string> more_;  // of https
  std::string cluster_;
};
