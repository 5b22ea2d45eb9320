// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names, ids and digests of types; fields of plain structs; which types are messages.
#include <troupe/wire/error.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/name.hpp>

#include <chrono>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catch.hpp"

namespace wire_names {

struct Plain {
  int number = 0;
  std::string text;
};
struct SameFields {
  int count = 0;
  std::string name;
};
struct OtherFields {
  int number = 0;
  std::string text;
  bool more = false;
};
struct Nested {
  Plain plain;
};
struct NestedOther {
  OtherFields plain;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
};
template <class T>
struct Box {
  T value{};
};
struct Versioned {
  template <class Archive>
  void serialize(Archive&, std::uint32_t) {}
};
struct Named {
  int value = 0;
};

struct Everything {
  int a = 0;
  std::string b;
  std::optional<std::string> c;
  std::variant<int, std::string, Plain> d;
  std::map<std::string, int> e;
  std::tuple<int, std::string> f;
  std::unique_ptr<Plain> g;
  std::array<int, 3> h{};
  std::chrono::milliseconds i{};
  Plain j;
  std::vector<Plain> k;
  bool l = false;
  std::shared_ptr<const Plain> m;
  std::pair<int, int> n;
  std::array<std::array<int, 2>, 2> o{};
  std::unordered_map<int, std::set<std::string>> p;
};
struct Fields32 {
  char a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7;
};
struct Fields33 {
  char a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7, e0;
};
struct HoldsPointer {
  std::vector<Box<int*>> deep;
};
struct HoldsView {
  std::string_view text;
};
struct HoldsSpan {
  std::span<int> numbers;
};
struct HoldsConst {
  const int number = 0;
};
struct HoldsMutable {
  std::shared_ptr<Plain> plain;
};
struct Inherits : Plain {
  int more = 0;
};
struct Opaque {
  explicit Opaque(int);
};
class Hidden {
  [[maybe_unused]] int value_ = 0;
};
struct Virtual {
  virtual ~Virtual() = default;
};

}  // namespace wire_names

namespace {
struct Secret {
  int value = 0;
};
}  // namespace

CEREAL_CLASS_VERSION(wire_names::Versioned, 2)
TROUPE_NAME(wire_names::Named, "names.named");

using namespace wire_names;
using troupe::Message;
using troupe::detail::digest_of;
using troupe::detail::field_count;
using troupe::detail::Flaw;
using troupe::detail::flaw_of;
using troupe::detail::type_name;

static_assert(field_count<Plain> == 2 && field_count<Everything> == 16 && field_count<Box<std::optional<int>>> == 1);
static_assert(field_count<Box<Plain>> == 1 && field_count<Fields32> == 32 && field_count<Fields33> == 33);

static_assert(Message<int> && Message<std::string> && Message<Plain> && Message<Everything> && Message<Tree> && Message<Fields32>);
static_assert(Message<std::tuple<>> && Message<troupe::ErrorInfo> && Message<std::vector<Box<Plain>>> && Message<Versioned>);
static_assert(flaw_of<int&>::what == Flaw::reference);
static_assert(flaw_of<const Plain>::what == Flaw::const_field);
static_assert(flaw_of<const char*>::what == Flaw::pointer);
static_assert(flaw_of<HoldsPointer>::what == Flaw::pointer && std::is_same_v<flaw_of<HoldsPointer>::where, int*>);
static_assert(flaw_of<HoldsView>::what == Flaw::view);
static_assert(flaw_of<HoldsSpan>::what == Flaw::view);
static_assert(flaw_of<std::map<int, std::optional<std::string_view>>>::what == Flaw::view);
static_assert(flaw_of<HoldsConst>::what == Flaw::const_field);
static_assert(flaw_of<HoldsMutable>::what == Flaw::shared_mutable);
static_assert(flaw_of<std::unique_ptr<Virtual>>::what == Flaw::polymorphic);
static_assert(flaw_of<Inherits>::what == Flaw::inherits);
static_assert(flaw_of<Fields33>::what == Flaw::too_many_fields);
static_assert(flaw_of<long double>::what == Flaw::long_double);
static_assert(flaw_of<Hidden>::what == Flaw::no_serialize);
static_assert(flaw_of<std::vector<Opaque>>::what == Flaw::no_serialize);
static_assert(!Message<int*> && !Message<Hidden> && !Message<void> && !Message<void (*)()>);

TEST_CASE("a type has the name that it has in C++, whoever compiles it") {
  CHECK(type_name<Plain>().name == "wire_names::Plain");
  CHECK(type_name<Box<std::string>>().name == "wire_names::Box<std::string>");
  CHECK(type_name<Box<Box<unsigned long>>>().name == "wire_names::Box<wire_names::Box<unsigned long>>");
  CHECK(type_name<Plain>().id == troupe::detail::hash_text("wire_names::Plain"));
  CHECK(type_name<Plain>().id == 0x890abbafb065b0d9);
  CHECK_FALSE(type_name<Plain>().local);
}

TEST_CASE("a declared name takes the place of the C++ name") {
  CHECK(type_name<Named>().name == "names.named");
  CHECK(type_name<Named>().id == troupe::detail::hash_text("names.named"));
}

TEST_CASE("types of anonymous namespaces and lambdas are marked as local") {
  const auto lambda = [] {};
  CHECK(type_name<Secret>().local);
  CHECK(type_name<Box<Secret>>().local);
  CHECK(type_name<decltype(lambda)>().local);
}

TEST_CASE("the digest is of what a type holds, to the bottom") {
  CHECK(digest_of<Plain>() == 0x40464d2183d275a3);  // part of the wire
  CHECK(digest_of<Plain>() == digest_of<SameFields>());
  CHECK(digest_of<Plain>() != digest_of<OtherFields>());
  CHECK(digest_of<Nested>() != digest_of<NestedOther>());
  CHECK(digest_of<Nested>() != digest_of<Plain>());
  CHECK(digest_of<int>() != digest_of<unsigned>());
  CHECK(digest_of<int>() != digest_of<float>());
  CHECK(digest_of<char>() != digest_of<bool>());
  CHECK(digest_of<long>() == digest_of<long long>());
  CHECK(digest_of<std::vector<int>>() == digest_of<std::list<int>>());
  CHECK(digest_of<std::vector<int>>() != digest_of<std::vector<long>>());
  CHECK(digest_of<std::optional<int>>() != digest_of<std::vector<int>>());
  CHECK(digest_of<std::array<int, 2>>() != digest_of<std::array<int, 3>>());
  CHECK(digest_of<std::variant<int, bool>>() != digest_of<std::variant<bool, int>>());
  CHECK(digest_of<std::chrono::seconds>() != digest_of<std::chrono::milliseconds>());
  CHECK(digest_of<Tree>() != digest_of<Box<std::vector<int>>>());
}

TEST_CASE("the types of this program can be told apart") { CHECK_NOTHROW(troupe::detail::check_type_names()); }

TEST_CASE("two types of one name are refused, naming both") {
  // In a child of its own this would be a start-up error; here the list keeps it, so it is the last test to look at it.
  static_cast<void>(troupe::detail::register_type(typeid(Plain), "twice", 1));
  CHECK_NOTHROW(troupe::detail::check_type_names());
  static_cast<void>(troupe::detail::register_type(typeid(Plain), "twice", 1));  // as from a shared library
  CHECK_NOTHROW(troupe::detail::check_type_names());

  static_cast<void>(troupe::detail::register_type(typeid(Nested), "twice", 2));

  try {
    troupe::detail::check_type_names();
    FAIL("not refused");
  } catch (const troupe::Misuse& error) {
    const std::string text = error.what();
    CHECK(text.find("wire_names::Plain") != std::string::npos);
    CHECK(text.find("wire_names::Nested") != std::string::npos);
    CHECK(text.find("twice") != std::string::npos);
  }
}
