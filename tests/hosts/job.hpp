// troupe: actors in processes. Apache-2.0, see LICENSE.
// A job of several hosts on loopback: this process is the head, the others are this program again.
#pragma once

#include "actor/stage.hpp"
#include "free_port.hpp"
#include "system/program.hpp"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

/// Who may come to the job's port.
enum class Security { keys, insecure };
#define both_securities values({Security::keys, Security::insecure})

/// Hosts, each with a runtime directory of its own. Its end ends the head, then whoever is left.
class Job {
 public:
  /// @param address  of this machine, where the head listens
  explicit Job(Security security = Security::keys, const std::string& address = "127.0.0.1");

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  /// `--troupe-keys=...` or `--troupe-insecure`.
  [[nodiscard]] std::string security_option() const;

  /// Begins the head, in this process: two slots, and it gives a silent host up after `dead_after`, as the others do.
  troupe::Node& head(troupe::NodeOptions options = {});
  [[nodiscard]] troupe::Node& node() { return *head_; }
  void end_head() { head_.reset(); }
  /// The head in another process: the ChildMain called `main`.
  Program& head_program(const char* main);
  /// Starts a further host. It looks for the head for `rejoin`.
  Program& host(const std::string& name, std::vector<std::string> options = {});
  /// The same with nothing but these options.
  Program& stranger(const std::vector<std::string>& options, const std::vector<std::string>& environment = {});
  /// What starts the program of a host, by its name: see Program. Nothing: it is started as it is.
  std::function<std::vector<std::string>(const std::string& name)> through = {};

  /// Of all that are begun from then on.
  std::chrono::milliseconds dead_after = 10s;
  std::chrono::milliseconds rejoin = 20s;

 private:
  [[nodiscard]] std::vector<std::string> environment() const;
  Program& begin(const std::vector<std::string>& options, const std::vector<std::string>& environment,
                 const std::vector<std::string>& command);

  const Security security_;
  const std::uint16_t port_ = free_port();
  const std::string endpoint_;
  Folder keys_;
  std::list<Folder> folders_;
  std::list<Program> programs_;
  char name_[5]{"head"};
  char* pointers_[2]{name_, nullptr};
  int argc_ = 1;
  std::optional<troupe::Node> head_;
};

/// What the environment of a host's program says of `dead_after` and `rejoin`.
[[nodiscard]] troupe::NodeOptions given_options();

[[nodiscard]] std::vector<std::string> names_of(const std::vector<troupe::Host>& hosts);
/// Whether the process is no more, or a zombie.
[[nodiscard]] bool has_ended(int pid);

// --- Somebody to be placed ----------------------------------------------------------------------------------------------------

struct WhoAreYou {};
struct Self {
  std::string host;
  int pid = 0;
};
struct Leave {
  int code = 0;
};
struct Boom {};
struct Sleep {};
class Guest : public troupe::Actor<Guest, WhoAreYou, Leave, Boom, Sleep, Note> {
 public:
  Guest() = default;
  explicit Guest(troupe::Ref<Journal> journal) : journal_{std::move(journal)} {}
  Self on(const WhoAreYou&) { return {node().host_name(), ::getpid()}; }
  void on(const Leave& leave) const { ::_exit(leave.code); }
  void on(const Boom&) const { throw std::runtime_error{"boom"}; }
  void on(const Sleep&) const {
    for (;;) ::pause();
  }
  void on(const Note& note) { journal_.tell(Note{node().host_name() + ' ' + note.text}); }

 private:
  troupe::Ref<Journal> journal_;
};

struct Hire {
  std::string host;
};
/// Starts guests of its own, wherever it is: on a host, or without a name beside itself.
class Boss : public troupe::Actor<Boss, Hire, WhoAreYou> {
 public:
  troupe::Ref<Guest> on(const Hire& hire) {
    return node().spawn<Guest>(hire.host.empty() ? troupe::own_process : troupe::on_host(hire.host));
  }
  Self on(const WhoAreYou&) { return {node().host_name(), ::getpid()}; }
};

inline Self self_of(const troupe::Ref<Guest>& guest) { return guest.ask(WhoAreYou{}).get(); }
