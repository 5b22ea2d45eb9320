// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/item.hpp>

#include <troupe/wire/error.hpp>

namespace troupe::detail {

namespace {
const ItemKindEntry* first_kind = nullptr;  // constant-initialised: statics of other files register before main
}

ItemKindEntry::ItemKindEntry(const ItemKind& kind) noexcept : kind_{kind}, next_{std::exchange(first_kind, this)} {}

const ItemKind& find_item_kind(std::uint64_t type) {
  for (const ItemKindEntry* entry = first_kind; entry != nullptr; entry = entry->next_)
    if (entry->kind_.type().id == type) return entry->kind_;
  raise(ErrorType::not_found, "this program has no queues of the items that it should keep: both must be the same build");
}

Item Item::of_bytes(std::span<const std::byte> bytes) {
  if (bytes.size() > UINT32_MAX) raise(ErrorType::malformed, "an item of more than 4 GiB");
  Item item;
  std::byte* to = item.place_.data();
  if (bytes.size() > place_bytes) {
    to = static_cast<std::byte*>(take_memory(bytes.size()));
    item.set_far(to);
  }
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  item.size_ = static_cast<std::uint32_t>(bytes.size());
  return item;
}

void Item::append_to(Encoded& out) const {
  if (kind_ != nullptr) return kind_->encode(out, object());
  const auto bytes = view();
  out.append(bytes.data(), bytes.size());
}

Item Item::bytes() const {
  if (kind_ == nullptr) return of_bytes(view());
  Encoded encoded;
  append_to(encoded);
  return of_bytes(encoded.view());
}

void Item::make_object(const ItemKind& kind) {
  if (kind_ == nullptr) *this = kind.decode(view());
}

void Item::destroy() noexcept {
  if (kind_ != nullptr) {
    kind_->destroy(far());
  } else {
    give_memory(far(), size_);
  }
}

}  // namespace troupe::detail
