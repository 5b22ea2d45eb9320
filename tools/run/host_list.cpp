// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/host_list.hpp"

#include <algorithm>
#include <charconv>

#include <troupe/wire/error.hpp>

namespace troupe::tools {

namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view in_names = "._-";

bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return letters.find(c) != letters.npos || in_names.find(c) != in_names.npos; });
}

bool is_address_6(std::string_view text) {
  return text.find(':') != text.npos && text.find_first_not_of("0123456789abcdefABCDEF:.") == text.npos;
}

[[noreturn]] void refuse(std::string_view entry) {
  throw Misuse{"'" + std::string{entry} + "' is no host: write --hosts HOST,USER@HOST:SLOTS,... with the slots from 1 on"};
}

bool is_this_machine(std::string_view host, std::string_view this_machine) {
  const auto short_name = this_machine.substr(0, this_machine.find('.'));
  return host == "localhost" || host == "127.0.0.1" || host == "::1" || host == this_machine || (!short_name.empty() && host == short_name);
}

HostEntry parse_entry(std::string_view entry, std::string_view this_machine) {
  std::string_view rest = entry;
  const auto at = rest.find('@');
  const std::string_view user = at == rest.npos ? std::string_view{} : rest.substr(0, at);
  if (at != rest.npos) rest.remove_prefix(at + 1);
  if (at != entry.npos && !is_name(user)) refuse(entry);

  const bool bracketed = rest.starts_with('[');
  const auto end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && end == rest.npos) refuse(entry);
  const std::string_view host = bracketed ? rest.substr(1, end - 1) : rest.substr(0, end);
  if (bracketed ? !is_address_6(host) : !is_name(host)) refuse(entry);
  rest.remove_prefix(std::min(rest.size(), host.size() + (bracketed ? 2 : 0)));

  HostEntry parsed;
  if (!rest.empty()) {
    const auto [stop, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), parsed.slots);
    if (rest.front() != ':' || error != std::errc{} || stop != rest.data() + rest.size() || parsed.slots == 0) refuse(entry);
  }
  parsed.destination = (user.empty() ? "" : std::string{user} + '@') + std::string{host};
  parsed.name = host;
  parsed.local = user.empty() && is_this_machine(host, this_machine);
  return parsed;
}

}  // namespace

std::vector<HostEntry> parse_hosts(std::string_view text, std::string_view this_machine) {
  std::vector<HostEntry> hosts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    HostEntry host = parse_entry(text.substr(begin, end - begin), this_machine);
    const std::string plain = host.name;
    const auto taken = [&] {
      return std::any_of(hosts.begin(), hosts.end(), [&](const HostEntry& other) { return other.name == host.name; });
    };
    for (int number = 2; taken(); ++number) host.name = plain + '-' + std::to_string(number);
    hosts.push_back(std::move(host));
    begin = end + 1;
  }
  return hosts;
}

void add_label(std::vector<HostEntry>& hosts, std::string_view text) {
  const auto equals = text.find('=');
  const std::string label{equals == text.npos ? text : text.substr(equals + 1)};
  if (label.empty() || label.find(',') != label.npos)
    throw Misuse{"'" + std::string{text} + "' is no label: write --label LABEL or --label HOST=LABEL, without commas"};
  if (equals == text.npos) {
    for (auto& host : hosts) host.labels.push_back(label);
    return;
  }
  const auto host = std::find_if(hosts.begin(), hosts.end(), [&](const HostEntry& each) { return each.name == text.substr(0, equals); });
  if (host == hosts.end()) throw Misuse{"--label " + std::string{text} + ": no host has this name"};
  host->labels.push_back(label);
}

}  // namespace troupe::tools
