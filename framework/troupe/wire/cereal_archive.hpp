// troupe: actors in processes. Apache-2.0, see LICENSE.
// The Cereal archives that a message's own serialize, save or load meets: doors to Writer and Reader.
#pragma once

#include <cereal/cereal.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

namespace troupe::detail {

class Writer;
class Reader;

/// What a user's `serialize` or `save` writes to. What troupe carries itself goes straight to the Writer, so a vector has
/// the same bytes in a plain struct and in a class with a `serialize`; the rest is dispatched by Cereal.
class OutArchive : public cereal::OutputArchive<OutArchive, cereal::AllowEmptyClassElision> {
  using Base = cereal::OutputArchive<OutArchive, cereal::AllowEmptyClassElision>;

 public:
  explicit OutArchive(Writer& writer) : Base{this}, writer_{&writer} {}

  template <class... T>
  OutArchive& operator()(T&&... values) {
    (put(values), ...);
    return *this;
  }
  template <class T>
  OutArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  OutArchive& operator<<(T&& value) {
    return (*this)(value);
  }
  void save_count(std::size_t count);
  void saveBinary(const void* bytes, std::size_t count);  // NOLINT(readability-identifier-naming): Cereal's name

  /// By Cereal's dispatch, for types with functions of their own.
  template <class T>
  void save_by_cereal(const T& value) {
    Base::operator()(value);
  }

 private:
  template <class T>
  void put(const T& value);

  Writer* writer_;
};

/// What a user's `serialize` or `load` reads from; the counterpart of OutArchive.
class InArchive : public cereal::InputArchive<InArchive, cereal::AllowEmptyClassElision> {
  using Base = cereal::InputArchive<InArchive, cereal::AllowEmptyClassElision>;

 public:
  explicit InArchive(Reader& reader) : Base{this}, reader_{&reader} {}

  template <class... T>
  InArchive& operator()(T&&... values) {
    (get(values), ...);
    return *this;
  }
  template <class T>
  InArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  InArchive& operator>>(T&& value) {
    return (*this)(value);
  }
  std::size_t load_count();
  void loadBinary(void* bytes, std::size_t count);  // NOLINT(readability-identifier-naming): Cereal's name

  template <class T>
  void load_by_cereal(T& value) {
    Base::operator()(value);
  }

  // A reference back to an earlier pointer would let a peer choose the type behind it: they shadow Cereal's.
  [[noreturn]] std::shared_ptr<void> getSharedPointer(std::uint32_t id);          // NOLINT(readability-identifier-naming)
  [[noreturn]] void registerSharedPointer(std::uint32_t, std::shared_ptr<void>);  // NOLINT(readability-identifier-naming)

 private:
  template <class T>
  void get(T& value);

  Reader* reader_;
};

// What Cereal finds by argument-dependent lookup, and what its type headers probe for.

template <class T>
requires std::is_arithmetic_v<T>
void save(OutArchive& archive, const T& value) { archive(value); }
template <class T>
requires std::is_arithmetic_v<T>
void load(InArchive& archive, T& value) { archive(value); }
inline void save(OutArchive& archive, const std::string& value) { archive(value); }
inline void load(InArchive& archive, std::string& value) { archive(value); }
template <class T>
void save(OutArchive& archive, const cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void load(InArchive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void save(OutArchive& archive, const cereal::SizeTag<T>& tag) {
  archive.save_count(static_cast<std::size_t>(tag.size));
}
template <class T>
void load(InArchive& archive, cereal::SizeTag<T>& tag) {
  tag.size = static_cast<std::remove_cvref_t<T>>(archive.load_count());
}
template <class T>
void save(OutArchive& archive, const cereal::BinaryData<T>& data) {
  archive.saveBinary(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void load(InArchive& archive, cereal::BinaryData<T>& data) {
  archive.loadBinary(data.data, static_cast<std::size_t>(data.size));
}

/// Whether somebody wrote Cereal functions for this type. One too many counts as well: Cereal then says so.
template <class T>
constexpr bool has_cereal_functions = cereal::traits::detail::count_output_serializers<T, OutArchive>::value > 0 ||
                                      cereal::traits::detail::count_input_serializers<T, InArchive>::value > 0;

}  // namespace troupe::detail

CEREAL_SETUP_ARCHIVE_TRAITS(troupe::detail::InArchive, troupe::detail::OutArchive)
