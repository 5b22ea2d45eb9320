// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/name.hpp>

#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

struct KnownType {
  std::string cpp_name;  // as stable_name says
  std::string name;
  TypeName type;
};

// Lives for ever: names are used until the last static destructor.
struct Registry {
  std::mutex mutex;
  std::deque<KnownType> entries;

  static Registry& instance() {
    static auto* const registry = new Registry;
    return *registry;
  }
};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) text.replace(at, what.size(), with);
}

bool is_local(std::string_view name) {
  constexpr std::array<std::string_view, 4> marks{"(anonymous namespace)", "{lambda", "'lambda", "{unnamed"};
  for (const auto mark : marks)
    if (name.find(mark) != std::string_view::npos) return true;
  return false;
}

std::string described(const KnownType& entry) {
  return entry.cpp_name == entry.name ? "'" + entry.name + "'" : "'" + entry.cpp_name + "' (named '" + entry.name + "')";
}

}  // namespace

std::string stable_name(const std::type_info& type) {
  std::string name = readable_type(type.name());
  replace_all(name, "std::__cxx11::", "std::");
  replace_all(name, "std::__1::", "std::");
  replace_all(name, "{anonymous}", "(anonymous namespace)");
  replace_all(name, " >", ">");
  replace_all(name, "std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string");
  return name;
}

const TypeName& register_type(const std::type_info& type, std::string_view declared, std::uint64_t digest) {
  KnownType entry{stable_name(type), std::string{declared}, {}};
  if (declared.empty()) entry.name = entry.cpp_name;
  entry.type.local = declared.empty() && is_local(entry.name);
  entry.type.digest = digest;
  entry.type.id = hash_text(entry.name);
  if (entry.type.local) entry.type.id = hash_number(digest, entry.type.id);

  auto& registry = Registry::instance();
  const std::lock_guard lock{registry.mutex};
  auto& kept = registry.entries.emplace_back(std::move(entry));
  kept.type.name = kept.name;
  return kept.type;
}

void check_type_names() {
  auto& registry = Registry::instance();
  const std::lock_guard lock{registry.mutex};
  std::map<std::uint64_t, const KnownType*> seen;
  for (const auto& entry : registry.entries) {
    const auto& other = *seen.try_emplace(entry.type.id, &entry).first->second;
    // A shared library may bring the same type once more.
    if (other.cpp_name == entry.cpp_name && other.type.digest == entry.type.digest) continue;
    throw Misuse{"two types cannot be told apart in messages: " + described(other) + " and " + described(entry) +
                 (other.cpp_name == entry.cpp_name ? ", which hold different things" : "; give one another name by TROUPE_NAME")};
  }
}

}  // namespace troupe::detail
