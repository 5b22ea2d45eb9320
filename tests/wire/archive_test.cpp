// troupe: actors in processes. Apache-2.0, see LICENSE.
// Messages to bytes and back, and what hostile bytes come to.
#include <troupe/wire/archive.hpp>

#include <cereal/types/complex.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "catch.hpp"

namespace wire_test {

using troupe::Malformed;
using troupe::detail::decode;
using troupe::detail::decode_into;
using troupe::detail::Encoded;

enum class Colour : std::uint8_t { red, green };
struct Empty {
  bool operator==(const Empty&) const = default;
};
struct Point {
  double x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
struct Chain {
  std::unique_ptr<Chain> next;
};
struct Wide {
  std::array<std::uint64_t, 1024> words{};
};

// With functions of its own, as Cereal's users write them.
class Account {
 public:
  Account() = default;
  explicit Account(std::string name) : name_{std::move(name)} {}
  bool operator==(const Account&) const = default;

 private:
  friend class cereal::access;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("name", name_), point_);
    archive& lots_;
  }

  std::string name_;
  Point point_{1, 2};
  std::map<int, std::vector<std::string>> lots_{{1, {"a", "b"}}};
};
struct Split {
  int value = 0;
};
template <class Archive>
void save(Archive& archive, const Split& split) {
  archive(split.value + 1);
}
template <class Archive>
void load(Archive& archive, Split& split) {
  archive(split.value);
}
struct Minimal {
  std::string text;
  template <class Archive>
  std::string save_minimal(const Archive&) const {
    return text;
  }
  template <class Archive>
  void load_minimal(const Archive&, const std::string& from) {
    text = from;
  }
};
struct Versioned {
  int value = 0;
  std::uint32_t version = 0;
  template <class Archive>
  void serialize(Archive& archive, std::uint32_t of) {
    archive(value);
    version = of;
  }
};
struct Derived : Point {
  int z = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Point>(this), z);
  }
};
struct Raw {
  std::vector<char> bytes;
  template <class Archive>
  void save(Archive& archive) const {
    archive(cereal::make_size_tag(static_cast<cereal::size_type>(bytes.size())));
    archive(cereal::binary_data(bytes.data(), bytes.size()));
  }
  template <class Archive>
  void load(Archive& archive) {
    cereal::size_type count = 0;
    archive(cereal::make_size_tag(count));
    bytes.resize(static_cast<std::size_t>(count));
    archive(cereal::binary_data(bytes.data(), bytes.size()));
  }
};
struct Picky {
  int value = 0;
  template <class Archive>
  void save(Archive& archive) const {
    if (value < 0) throw std::invalid_argument{"negative"};
    archive(value);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(value);
    if (value > 100) throw std::invalid_argument{"more than 100"};
  }
};

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  Encoded out;
  encode(out, value);
  return {out.view().begin(), out.view().end()};
}

template <class T>
void survives(const T& value) {
  const auto bytes = bytes_of(value);
  CHECK(decode<T>(bytes) == value);
  // No prefix of a message is one, and nothing may follow it.
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_THROWS_AS(decode<T>(std::span{bytes}.first(size)), Malformed);
  auto longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(decode<T>(longer), Malformed);
}

std::vector<std::byte> raw(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

// A count of 700 million and nine bytes.
std::vector<std::byte> bomb() { return raw({0x00, 0x27, 0xb9, 0x29, 1, 1, 1, 1, 1, 1, 1, 1, 1}); }

template <class T>
void refuses(const std::vector<std::byte>& bytes) {
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(decode<T>(bytes), Malformed);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{5});
}

}  // namespace wire_test

CEREAL_CLASS_VERSION(wire_test::Versioned, 7)

using namespace wire_test;
using namespace std::chrono_literals;

TEST_CASE("numbers, enumerations and strings come back as they were, and no part of them does") {
  survives(std::uint8_t{255});
  survives(std::int64_t{-5});
  survives(1.5);
  survives(true);
  survives(U'\x1f600');
  survives(Colour::green);
  survives(std::string{"with a \0 inside", 15});
  survives(std::u16string{u"wide"});
  survives(std::numeric_limits<float>::infinity());
}

TEST_CASE("the containers and wrappers of the standard library come back as they were, and no part of them does") {
  survives(std::vector<int>{1, 2, 3});
  survives(std::vector<bool>{true, false, true});
  survives(std::vector<std::string>{"a", "", "ccc"});
  survives(std::vector<std::vector<double>>{{1}, {}, {2, 3}});
  survives(std::array<std::string, 2>{"x", "y"});
  survives(std::deque<int>{4, 5});
  survives(std::list<Point>{{1, 2}, {3, 4}});
  survives(std::set<std::string>{"a", "b"});
  survives(std::multiset<int>{1, 1, 2});
  survives(std::unordered_set<int>{7, 8});
  survives(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  survives(std::multimap<int, int>{{1, 2}, {1, 3}});
  survives(std::unordered_map<int, std::vector<int>>{{1, {2}}});
  survives(std::optional<std::string>{"there"});
  survives(std::optional<std::optional<int>>{std::optional<int>{}});
  survives(std::variant<int, std::string, Point>{"text"});
  survives(std::variant<std::monostate, int>{});
  survives(std::tuple<int, std::string, Point>{1, "b", {3, 4}});
  survives(std::pair<Colour, int>{Colour::red, 2});
  survives(250ms);
  survives(std::chrono::system_clock::time_point{123456789us});
}

TEST_CASE("plain structs need nothing: nested, empty, recursive") {
  survives(Point{1, 2});
  survives(Tree{1, {{2, {}}, {3, {{4, {}}}}}});
  CHECK(bytes_of(Empty{}).empty());
  CHECK(decode<Empty>({}) == Empty{});
  CHECK(bytes_of(std::tuple<>{}).empty());
}

TEST_CASE("elements that take no bytes take one in a container, so that counts stay bounded") {
  survives(std::vector<Empty>(3));
  survives(std::vector<std::tuple<Empty, Empty>>(2));
  survives(std::map<int, Empty>{{1, {}}});
  CHECK(bytes_of(std::vector<Empty>(3)).size() == 7);
}

TEST_CASE("pointers carry what they point to, null too") {
  const auto shared = decode<std::shared_ptr<const Point>>(bytes_of(std::make_shared<const Point>(Point{1, 2})));
  CHECK(*shared == Point{1, 2});
  CHECK(decode<std::unique_ptr<int>>(bytes_of(std::unique_ptr<int>{})) == nullptr);
  CHECK(*decode<std::unique_ptr<int>>(bytes_of(std::make_unique<int>(4))) == 4);

  // Two pointers to one object are two objects at the other side: no peer can make them one of another type.
  const auto one = std::make_shared<const int>(5);
  const auto two = decode<std::vector<std::shared_ptr<const int>>>(bytes_of(std::vector{one, one}));
  CHECK(two[0] != two[1]);
}

TEST_CASE("a class's own Cereal functions win, and what they hold has the same bytes as elsewhere") {
  survives(Account{"kim"});
  survives(std::vector<Account>{Account{"a"}, Account{"b"}});
  CHECK(decode<Split>(bytes_of(Split{4})).value == 5);
  CHECK(decode<Minimal>(bytes_of(Minimal{"m"})).text == "m");
  CHECK(decode<Raw>(bytes_of(Raw{{'a', 'b'}})).bytes == std::vector<char>{'a', 'b'});
  CHECK(decode<Versioned>(bytes_of(Versioned{3})).version == 7);
  CHECK(decode<Versioned>(bytes_of(Versioned{3})).value == 3);
  Derived derived;
  derived.y = 2;
  derived.z = 3;
  CHECK(decode<Derived>(bytes_of(derived)).y == 2);
  CHECK(decode<Derived>(bytes_of(derived)).z == 3);
  CHECK(decode<std::complex<double>>(bytes_of(std::complex<double>{1, 2})) == std::complex<double>{1, 2});
}

TEST_CASE("decoding into an object that holds something replaces it") {
  std::vector<std::string> strings{"old"};
  decode_into(bytes_of(std::vector<std::string>{"new"}), strings);
  CHECK(strings == std::vector<std::string>{"new"});

  std::optional<int> number{3};
  decode_into(bytes_of(std::optional<int>{}), number);
  CHECK_FALSE(number.has_value());
}

TEST_CASE("a count larger than the bytes that follow is refused before anything is allocated") {
  refuses<std::string>(bomb());
  refuses<std::vector<char>>(bomb());
  refuses<std::vector<double>>(raw({2, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  refuses<std::vector<Wide>>(bomb());
  refuses<std::vector<Empty>>(bomb());
  refuses<std::vector<bool>>(bomb());
  refuses<std::list<int>>(bomb());
  refuses<std::list<Empty>>(bomb());
  refuses<std::deque<int>>(bomb());
  refuses<std::set<int>>(bomb());
  refuses<std::map<int, int>>(bomb());
  refuses<std::unordered_set<std::string>>(bomb());
  refuses<std::unordered_map<int, int>>(bomb());
  refuses<Raw>(bomb());
}

TEST_CASE("few bytes that stand for much memory are refused, by the sender already") {
  const std::vector<std::optional<Wide>> many(4000);
  CHECK_THROWS_AS(bytes_of(many), Malformed);

  std::vector<std::byte> bytes = raw({0xa0, 0x0f, 0, 0});
  bytes.resize(4 + 4000);
  refuses<std::vector<std::optional<Wide>>>(bytes);
  CHECK(decode<std::vector<std::optional<Wide>>>(bytes_of(std::vector<std::optional<Wide>>(1000))).size() == 1000);
}

TEST_CASE("nesting is bounded at both sides") {
  Tree deep;
  for (int i = 0; i < 63; ++i) deep = Tree{i, {deep}};
  survives(deep);
  CHECK_THROWS_AS(bytes_of(Tree{1, {deep}}), Malformed);

  refuses<Chain>(std::vector<std::byte>(2'000'000, std::byte{1}));
  std::vector<std::byte> trees;
  for (int i = 0; i < 100'000; ++i)
    for (const int byte : {0, 0, 0, 0, 1, 0, 0, 0}) trees.push_back(static_cast<std::byte>(byte));
  refuses<Tree>(trees);
}

TEST_CASE("values that no sender writes are refused") {
  refuses<bool>(raw({2}));
  refuses<std::vector<bool>>(raw({1, 0, 0, 0, 2}));
  refuses<std::optional<int>>(raw({7, 0, 0, 0, 0}));
  refuses<std::unique_ptr<int>>(raw({255, 0, 0, 0, 0}));
  refuses<std::variant<int, Empty>>(raw({2}));
  refuses<std::variant<int, Empty>>(raw({255}));
  refuses<std::vector<Empty>>(raw({1, 0, 0, 0, 9}));
  refuses<std::set<std::uint8_t>>(raw({2, 0, 0, 0, 5, 5}));
  refuses<std::map<std::uint8_t, Empty>>(raw({2, 0, 0, 0, 5, 5}));
}

TEST_CASE("an exception of a user's load is malformed, one of a user's save is the sender's") {
  refuses<Picky>(raw({101, 0, 0, 0}));
  CHECK_THROWS_AS(bytes_of(Picky{-1}), std::invalid_argument);
}

TEST_CASE("an encode that throws leaves what was there before") {
  Encoded out;
  encode(out, 1);
  CHECK_THROWS_AS(encode(out, std::vector<Picky>{{1}, {-1}}), std::invalid_argument);
  CHECK(decode<int>(out.view()) == 1);
}

TEST_CASE("Encoded keeps its headroom, grows, and gives its block away") {
  Encoded out{80};
  CHECK(out.size() == 0);
  for (int i = 0; i < 10'000; ++i) encode(out, i);
  CHECK(out.size() == 40'000);
  CHECK(out.data() == out.head() + 80);

  const auto block = out.take();
  CHECK(block.size() == 40'080);
  CHECK(out.size() == 0);
  CHECK(decode<int>(block.view().subspan(80 + 4 * 9'999)) == 9'999);

  out.clear(8);
  encode(out, 5);
  out.truncate(0);
  encode(out, 6);
  CHECK(decode<int>(out.view()) == 6);
  CHECK(Encoded{16}.take().size() == 16);
}
