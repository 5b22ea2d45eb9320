// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/archive.hpp>

#include <cereal/version.hpp>

#include <new>
#include <string>

namespace troupe::detail {

void Writer::refuse(std::string_view why) { throw Malformed{"a message cannot be sent: " + std::string{why}}; }

void Reader::refuse(std::string_view why) { throw Malformed{"a message cannot be read: " + std::string{why}}; }

void Writer::make_archive() { archive_ = new (archive_place_.data()) OutArchive{*this}; }
void Writer::drop_archive() noexcept { archive_->~OutArchive(); }

void Reader::make_archive() { archive_ = new (archive_place_.data()) InArchive{*this}; }
void Reader::drop_archive() noexcept { archive_->~InArchive(); }

std::shared_ptr<void> InArchive::getSharedPointer(std::uint32_t) {
  throw Malformed{"a message cannot be read: a pointer refers to another one"};
}

void InArchive::registerSharedPointer(std::uint32_t, std::shared_ptr<void>) {
  throw Malformed{"a message cannot be read: it shares a pointer"};
}

std::string cereal_version() {
  return std::to_string(CEREAL_VERSION_MAJOR) + '.' + std::to_string(CEREAL_VERSION_MINOR) + '.' + std::to_string(CEREAL_VERSION_PATCH);
}

}  // namespace troupe::detail
