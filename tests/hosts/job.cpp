// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "hosts/job.hpp"

#include "transports/keys.hpp"

#include <cstdio>

using namespace troupe;

namespace {

constexpr const char* dead_after_variable = "TROUPE_TEST_DEAD_AFTER";  // both in milliseconds
constexpr const char* rejoin_variable = "TROUPE_TEST_REJOIN";

// A further host: its Node line serves the head and does not return.
const ChildMain host_main{"host", [](int argc, char** argv) {
                            try {
                              const Node node{argc, argv, given_options()};
                              std::puts("the Node line of a host has returned");
                              return 99;
                            } catch (const Error& error) {
                              std::puts(error.what());
                              return 2;
                            }
                          }};

}  // namespace

NodeOptions given_options() {
  NodeOptions options;
  if (const char* given = std::getenv(dead_after_variable)) options.dead_after = std::chrono::milliseconds{std::atoi(given)};
  if (const char* given = std::getenv(rejoin_variable)) options.rejoin = std::chrono::milliseconds{std::atoi(given)};
  return options;
}

Job::Job(Security security, const std::string& address) : security_{security}, endpoint_{"tcp://" + address + ':' + std::to_string(port_)} {
  if (security == Security::keys) detail::make_keys(keys_.path());
}

std::string Job::security_option() const { return security_ == Security::keys ? "--troupe-keys=" + keys_.path() : "--troupe-insecure"; }

std::vector<std::string> Job::environment() const {
  return {std::string{dead_after_variable} + '=' + std::to_string(dead_after.count()),
          std::string{rejoin_variable} + '=' + std::to_string(rejoin.count())};
}

Node& Job::head(NodeOptions options) {
  options.listen = endpoint_;
  options.name = "head";
  options.slots = 2;
  options.handle_signals = false;
  options.dead_after = dead_after;
  if (security_ == Security::keys) options.keys = keys_.path();
  if (security_ == Security::insecure) options.insecure = true;
  char** arguments = pointers_;
  return head_.emplace(argc_, arguments, options);
}

Program& Job::head_program(const char* main) {
  return programs_.emplace_back(main, folders_.emplace_back(),
                                std::vector<std::string>{"--troupe-listen=" + endpoint_, "--troupe-name=head", security_option()},
                                environment());
}

Program& Job::host(const std::string& name, std::vector<std::string> options) {
  options.insert(options.end(), {"--troupe-join=" + endpoint_, "--troupe-name=" + name, security_option()});
  return begin(options, {}, through ? through(name) : std::vector<std::string>{});
}

Program& Job::stranger(const std::vector<std::string>& options, const std::vector<std::string>& environment_too) {
  return begin(options, environment_too, {});
}

Program& Job::begin(const std::vector<std::string>& options, const std::vector<std::string>& environment_too,
                    const std::vector<std::string>& command) {
  auto variables = environment();
  variables.insert(variables.end(), environment_too.begin(), environment_too.end());
  return programs_.emplace_back("host", folders_.emplace_back(), options, variables, command);
}

std::vector<std::string> names_of(const std::vector<Host>& hosts) {
  std::vector<std::string> names;
  for (const Host& host : hosts) names.push_back(host.name);
  return names;
}

bool has_ended(int pid) {
  const auto stat = stat_of(pid);
  return stat.empty() || stat[0] == "Z" || stat[0] == "X";
}
