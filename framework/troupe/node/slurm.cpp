// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/slurm.hpp>
#include <troupe/wire/error.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace troupe::detail {

namespace {

constexpr std::uint64_t first_port = 20000;
constexpr std::uint64_t ports = 10000;
constexpr std::size_t max_nodes = 100000;

[[noreturn]] void refuse_list(std::string_view list) {
  raise(ErrorType::malformed,
        "'" + std::string{list} + "' is no list of nodes as Slurm writes it; TROUPE_SLURM=0 starts the program alone");
}

std::uint64_t number_in(const Environment& environment, const char* variable) {
  const char* text = environment(variable);
  const std::string_view digits = text == nullptr ? "" : text;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    raise(ErrorType::malformed, std::string{"in a step of Slurm's "} + variable + " should be a number, and is '" + std::string{digits} +
                                    "'; TROUPE_SLURM=0 starts the program alone");
  return number;
}

std::string text_in(const Environment& environment, const char* variable) {
  const char* text = environment(variable);
  return text == nullptr ? "" : text;
}

// "1-3,07-09" as 1, 2, 3, 07, 08, 09, each behind `before`.
void expand_ranges(const std::string& before, std::string_view ranges, std::string_view list, std::vector<std::string>& into) {
  for (std::size_t begin = 0; begin <= ranges.size();) {
    const std::size_t end = std::min(ranges.find(',', begin), ranges.size());
    const std::string_view range = ranges.substr(begin, end - begin);
    const std::string_view low = range.substr(0, range.find('-'));
    const std::string_view high = low.size() == range.size() ? low : range.substr(low.size() + 1);
    std::uint64_t from = 0, to = 0;
    const auto parsed = [](std::string_view digits, std::uint64_t& number) {
      const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return !digits.empty() && error == std::errc{} && stop == digits.data() + digits.size();
    };
    if (!parsed(low, from) || !parsed(high, to) || to < from || to - from >= max_nodes) refuse_list(list);
    for (std::uint64_t number = from; number <= to; ++number) {
      std::string digits = std::to_string(number);
      if (digits.size() < low.size()) digits.insert(0, low.size() - digits.size(), '0');
      into.push_back(before + digits);
      if (into.size() > max_nodes) refuse_list(list);
    }
    begin = end + 1;
  }
}

// One entry of a list: names with any number of brackets in them, the last of which counts the fastest.
std::vector<std::string> expand_entry(std::string_view entry, std::string_view list) {
  std::vector<std::string> names{""};
  while (!entry.empty()) {
    const std::size_t open = std::min(entry.find('['), entry.size());
    const std::string plain{entry.substr(0, open)};
    for (std::string& name : names) name += plain;
    entry.remove_prefix(open);
    if (entry.empty()) break;
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) refuse_list(list);
    std::vector<std::string> longer;
    for (const std::string& name : names) expand_ranges(name, entry.substr(1, close - 1), list, longer);
    names = std::move(longer);
    entry.remove_prefix(close + 1);
  }
  return names;
}

bool is_node_name(std::string_view name) {
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

// Nodes that a cloud has just made: NAME:ADDRESS:HOSTNAME, and an IPv6 address in brackets.
std::string address_in_aliases(const std::string& aliases, const std::string& node) {
  const auto found = (',' + aliases).find(',' + node + ':');
  if (found == std::string::npos) return "";
  std::string_view rest = std::string_view{aliases}.substr(found + node.size() + 1);
  if (rest.starts_with('[')) return std::string{rest.substr(1, rest.find(']') - 1)};
  return std::string{rest.substr(0, rest.find_first_of(":,"))};
}

// Not one on loopback: on Debian a host's own name leads there.
std::string resolved(const std::string& name) {
  for (const int family : {AF_INET, AF_INET6}) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) continue;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> keep{found, &::freeaddrinfo};
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      std::array<char, NI_MAXHOST> text{};
      if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) continue;
      std::string address = text.data();
      if (!address.starts_with("127.") && address != "::1") return address;
    }
  }
  return "";
}

std::string address_by_scontrol(const std::string& node) {
  FILE* const pipe = ::popen(("scontrol show node --oneliner " + node + " 2>/dev/null").c_str(), "re");
  if (pipe == nullptr) return "";
  std::string output;
  std::array<char, 4096> piece{};
  while (::fgets(piece.data(), piece.size(), pipe) != nullptr) output += piece.data();
  ::pclose(pipe);
  const std::string address = address_in_scontrol(output);
  in6_addr numeric{};
  const bool is_numeric = ::inet_pton(AF_INET, address.c_str(), &numeric) == 1 || ::inet_pton(AF_INET6, address.c_str(), &numeric) == 1;
  return is_numeric || address.empty() ? address : resolved(address);
}

std::string address_of(const std::string& node) {
  std::string address = address_in_aliases(text_in(&std::getenv, "SLURM_NODE_ALIASES"), node);
  if (address.empty()) address = resolved(node);
  if (address.empty()) address = address_by_scontrol(node);
  return address;
}

}  // namespace

std::string SlurmStep::needs_keys() const {
  return "step " + id + " of Slurm's has " + std::to_string(nodes) +
         " nodes, and to join them takes a key: start it by `troupe run --slurm`, which makes one, or type `troupe keygen DIR` once, DIR "
         "being a folder that all nodes see, and `export TROUPE_KEYS=DIR`; or TROUPE_SLURM=0, and each starts alone";
}

std::vector<std::string> expand_nodes(std::string_view list) {
  std::vector<std::string> nodes;
  std::size_t begin = 0;
  bool inside = false;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    if (at < list.size() && list[at] == '[') inside = true;
    if (at < list.size() && list[at] == ']') inside = false;
    if (at < list.size() && (list[at] != ',' || inside)) continue;
    for (std::string& node : expand_entry(list.substr(begin, at - begin), list)) nodes.push_back(std::move(node));
    begin = at + 1;
  }
  if (nodes.size() > max_nodes || !std::all_of(nodes.begin(), nodes.end(), is_node_name)) refuse_list(list);
  return nodes;
}

std::string address_in_scontrol(std::string_view output) {
  constexpr std::string_view label = " NodeAddr=";
  const auto found = output.find(label);
  if (found == std::string_view::npos) return "";
  const std::string_view rest = output.substr(found + label.size());
  return std::string{rest.substr(0, rest.find_first_of(" \n"))};
}

std::optional<SlurmStep> slurm_step(const Environment& environment, const NodeAddress& address) {
  const char* list = environment("SLURM_STEP_NODELIST");
  if (list == nullptr || text_in(environment, "TROUPE_SLURM") == "0") return std::nullopt;
  const auto nodes = expand_nodes(list);
  if (nodes.size() < 2) return std::nullopt;

  const std::uint64_t node = number_in(environment, "SLURM_NODEID");
  const std::uint64_t job = number_in(environment, "SLURM_JOB_ID"), number = number_in(environment, "SLURM_STEP_ID");
  if (node >= nodes.size()) refuse_list(list);
  SlurmStep step;
  step.id = std::to_string(job) + '.' + std::to_string(number);
  step.nodes = nodes.size();
  step.name = nodes[node];
  step.slots = number_in(environment, "SLURM_CPUS_ON_NODE");
  step.part = node == 0 ? SlurmStep::Part::head : SlurmStep::Part::member;
  if (number_in(environment, "SLURM_LOCALID") != 0) step.part = SlurmStep::Part::spare;
  if (step.part == SlurmStep::Part::spare) return step;

  std::string at = address(nodes.front());
  if (at.empty() && node == 0) at = "0.0.0.0";  // by its own name it may know itself on loopback only; the others need not
  if (at.empty())
    raise(ErrorType::not_found, "the address of " + nodes.front() + ", the head of step " + step.id +
                                    " of Slurm's, is not known here: its name does not resolve, and `scontrol show node " + nodes.front() +
                                    "` tells none");
  const std::uint64_t port = first_port + (job * 31 + number) % ports;
  step.endpoint = "tcp://" + (at.find(':') == std::string::npos ? at : '[' + at + ']') + ':' + std::to_string(port);
  return step;
}

std::optional<SlurmStep> take_slurm_step() {
  auto step = slurm_step(&std::getenv, address_of);
  if (step) ::setenv("TROUPE_SLURM", "0", 1);
  return step;
}

}  // namespace troupe::detail
