// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/entry.hpp>

#include <utility>

#include <troupe/node/build_id.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {
const Entry* first_entry = nullptr;  // constant-initialised: statics of other files register before main
}

Entry::Entry(EntryFunction entered) noexcept : function_{entered}, next_{std::exchange(first_entry, this)} {}

EntryFunction find_entry(const CodeKey& key) {
  for (const Entry* entry = first_entry; entry != nullptr; entry = entry->next_)
    if (code_key(reinterpret_cast<const void*>(entry->function_)) == key) return entry->function_;
  raise(ErrorType::not_found, "this program does not have the function that its parent told it to run: both must be the same build");
}

}  // namespace troupe::detail
