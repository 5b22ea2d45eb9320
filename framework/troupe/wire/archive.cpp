// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/archive.hpp>

#include <string>

namespace troupe::detail {

void Writer::refuse(std::string_view why) { throw Malformed{"a message cannot be sent: " + std::string{why}}; }

void Reader::refuse(std::string_view why) { throw Malformed{"a message cannot be read: " + std::string{why}}; }

std::shared_ptr<void> InArchive::getSharedPointer(std::uint32_t) {
  throw Malformed{"a message cannot be read: a pointer refers to another one"};
}

void InArchive::registerSharedPointer(std::uint32_t, std::shared_ptr<void>) {
  throw Malformed{"a message cannot be read: it shares a pointer"};
}

}  // namespace troupe::detail
