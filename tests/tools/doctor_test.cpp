// troupe: actors in processes. Apache-2.0, see LICENSE.
// `troupe doctor` on machines that lack something.
#include "said.hpp"
#include "system/program.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <troupe/node/descriptor.hpp>

using Json = nlohmann::json;

namespace {

Said doctor(const Folder& folder, const std::string& arguments = {}, const std::string& environment = {}) {
  return troupe_command("doctor --json " + arguments, "XDG_RUNTIME_DIR=" + folder.path() + ' ' + environment);
}

Json check_of(const Said& said, const std::string& what) {
  const Json json = said.json();
  for (const auto& check : json.at("checks"))
    if (check.at("what") == what) return check;
  return {};
}

std::string verdict_of(const Said& said, const std::string& what) { return check_of(said, what).at("verdict"); }

bool found(const Said& said, const std::string& what, const std::string& text) {
  return check_of(said, what).at("found").get<std::string>().find(text) != std::string::npos;
}

/// A port of which somebody is there, or nobody is.
struct Port {
  troupe::detail::Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int number = 0;

  Port() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    number = ntohs(address.sin_port);
  }
};

}  // namespace

TEST_CASE("troupe doctor tells versions, the runtime directory, limits and engines, for people and for programs") {
  const Folder folder;
  const std::string bin = folder.path() + "/bin";
  std::filesystem::create_directory(bin);
  std::ofstream{bin + "/srun"} << "#!/bin/sh\n";
  std::filesystem::permissions(bin + "/srun", std::filesystem::perms::owner_all);

  const Said said = doctor(folder, "", "PATH=" + bin);
  const Said table = troupe_command("doctor", "XDG_RUNTIME_DIR=" + folder.path());

  CHECK(said.code == 0);
  for (const char* what : {"troupe", "libzmq", "cereal", "kernel", "runtime directory", "/dev/shm", "open files", "waiting connections"})
    CHECK_FALSE(check_of(said, what).is_null());
  CHECK(found(said, "troupe", "wire version 1"));
  CHECK(found(said, "libzmq", "4."));
  CHECK(found(said, "runtime directory", folder.path() + "/troupe-" + std::to_string(::geteuid()) + ", mode 0700, nodes: 0"));
  CHECK(verdict_of(said, "srun") == "good");
  CHECK(found(said, "srun", bin + "/srun"));
  CHECK(verdict_of(said, "ssh") == "note");
  CHECK(verdict_of(said, "etcd") == "note");
  CHECK(verdict_of(said, "keys") == "note");
  CHECK(table.code == 0);
  CHECK(table.text.rfind("WHAT", 0) == 0);
  CHECK(table.has("troupe keygen"));
}

TEST_CASE("troupe doctor finds keys that are not there, that others may read, and that are none") {
  const Folder folder;
  const std::string keys = folder.path() + "/keys";
  const Said missing = doctor(folder, "--keys " + keys);
  REQUIRE(troupe_command("keygen " + keys).code == 0);
  const Said good = doctor(folder, "--keys " + keys);
  const Said by_environment = doctor(folder, "", "TROUPE_KEYS=" + keys);
  REQUIRE(::chmod((keys + "/node.key").c_str(), 0644) == 0);
  const Said open = doctor(folder, "--keys " + keys);
  REQUIRE(::chmod((keys + "/node.key").c_str(), 0600) == 0);
  std::ofstream{keys + "/node.key"} << "nonsense\n";
  const Said nonsense = doctor(folder, "--keys " + keys);

  CHECK(missing.code == 1);
  CHECK(found(missing, "keys", "troupe keygen"));
  CHECK(good.code == 0);
  CHECK(verdict_of(good, "keys") == "good");
  CHECK(verdict_of(by_environment, "keys") == "good");
  CHECK(open.code == 1);
  CHECK(found(open, "keys", "mode 0644"));
  CHECK(nonsense.code == 1);
  CHECK(found(nonsense, "keys", "no key of troupe's"));
}

TEST_CASE("troupe doctor tells whether a port can be had") {
  const Folder folder;
  Port port;
  const std::string number = std::to_string(port.number);

  const Said taken = doctor(folder, "--port " + number);
  port.socket.close();
  const Said free = doctor(folder, "--port " + number);

  CHECK(taken.code == 1);
  CHECK(verdict_of(taken, "port " + number) == "bad");
  CHECK(found(taken, "port " + number, "taken"));
  CHECK(free.code == 0);
  CHECK(found(free, "port " + number, "free"));
  CHECK(doctor(folder, "--port 70000").code != 0);
}

TEST_CASE("troupe doctor tells why a runtime directory cannot be used, and the other commands say so too") {
  const Folder folder;
  const std::string directory = folder.path() + "/troupe-" + std::to_string(::geteuid());
  REQUIRE(::mkdir(directory.c_str(), 0700) == 0);
  REQUIRE(::chmod(directory.c_str(), 0755) == 0);

  const Said said = doctor(folder);
  const Said ps = troupe_command("ps", "XDG_RUNTIME_DIR=" + folder.path());

  CHECK(said.code == 1);
  CHECK(verdict_of(said, "runtime directory") == "bad");
  CHECK(found(said, "runtime directory", "mode is 0755"));
  CHECK(ps.code == 1);
  CHECK(ps.has("mode is 0755"));
}
