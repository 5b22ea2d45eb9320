// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/step.hpp>

#include <unistd.h>

#include <array>
#include <mutex>
#include <unordered_map>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {

const StepEntry* first_step = nullptr;  // constant-initialised: statics of other files register before main

std::string this_program() {
  std::array<char, 4096> path{};
  return ::readlink("/proc/self/exe", path.data(), path.size() - 1) > 0 ? path.data() : "this program";
}

}  // namespace

StepEntry::StepEntry(StepFunction run, const TypeName& (*type)()) noexcept
    : run_{run}, type_{type}, next_{std::exchange(first_step, this)} {}

StepFunction find_step(const CodeKey& key, const TypeName& type, const std::string& name) {
  static std::mutex mutex;
  static auto* known = new std::unordered_map<CodeKey, const StepEntry*>;
  static const StepEntry* listed = nullptr;
  const std::lock_guard lock{mutex};
  for (const StepEntry* entry = first_step; entry != listed; entry = entry->next_)  // a library that was loaded brings further ones
    known->emplace(code_key(reinterpret_cast<const void*>(entry->run_)), entry);
  listed = first_step;
  const auto found = known->find(key);
  if (found != known->end() && found->second->type_().id == type.id) return found->second->run_;
  raise(ErrorType::not_found, "the owner's program " + this_program() + " does not have the function " + name + " for " +
                                  std::string{type.name} + ": both must be the same build. Nothing was changed");
}

Bytes to_bytes(const Encoded& encoded) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(encoded.data());
  return {begin, begin + encoded.size()};
}

std::span<const std::byte> as_bytes(const Bytes& bytes) { return std::as_bytes(std::span{bytes}); }

}  // namespace troupe::detail
