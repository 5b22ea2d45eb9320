// troupe: actors in processes. Apache-2.0, see LICENSE.
// Feeds bytes to all that reads bytes of a peer. The first byte chooses what; nothing but Malformed or Refused may come out.
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/packed.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace fuzz {

struct Empty {
  auto operator<=>(const Empty&) const = default;
};
enum class Colour : std::uint8_t { red, green };
struct Tree {
  Colour colour = Colour::red;
  std::vector<Tree> children;
  std::unique_ptr<Tree> twin;
};
struct Order {
  std::string item;
  std::uint32_t cents = 0;
  std::optional<std::string> note;
  std::variant<std::monostate, double, std::vector<bool>, Tree> more;
  std::map<std::string, std::vector<std::uint16_t>> lots;
};
struct Nest {
  std::list<Empty> empties;
  std::unordered_map<std::string, std::deque<std::set<int>>> map;
  std::unordered_set<std::uint64_t> set;
  std::vector<std::optional<std::array<std::uint64_t, 512>>> wide;
  std::tuple<bool, std::pair<int, std::string>> tuple;
};
class Account {
 public:
  template <class Archive>
  void serialize(Archive& archive, std::uint32_t) {
    archive(name_, lots_, children_);
  }

 private:
  std::string name_;
  std::vector<std::string> lots_;
  std::vector<Account> children_;
};

using Bytes = std::span<const std::byte>;

// What was decoded must encode to something that decodes again.
template <class T>
void decode_one(Bytes bytes) {
  std::optional<T> value;
  try {
    value = troupe::detail::decode<T>(bytes);
  } catch (const troupe::Malformed&) {
    return;
  }
  troupe::detail::Encoded again;
  encode(again, *value);
  static_cast<void>(troupe::detail::decode<T>(again.view()));
}

void decode_any(std::uint16_t which, Bytes bytes) {
  switch (which % 8) {
    case 0:
      return decode_one<Order>(bytes);
    case 1:
      return decode_one<Nest>(bytes);
    case 2:
      return decode_one<Account>(bytes);
    case 3:
      return decode_one<Tree>(bytes);
    case 4:
      return decode_one<troupe::ErrorInfo>(bytes);
    case 5:
      return decode_one<troupe::detail::Hello>(bytes);
    case 6:
      return decode_one<troupe::detail::Refusal>(bytes);
    default:
      return decode_one<troupe::detail::TypeAnnouncement>(bytes);
  }
}

void read_frame(Bytes frame) {
  try {
    const auto header = troupe::detail::parse_frame(frame);
    if (header.kind == troupe::detail::FrameKind::ack)
      return decode_one<std::vector<troupe::detail::Grant>>(troupe::detail::frame_body(frame));
    if (header.kind != troupe::detail::FrameKind::data) return decode_one<troupe::detail::Hello>(troupe::detail::frame_body(frame));
    troupe::detail::EnvelopeCursor cursor{frame};
    while (const auto envelope = cursor.next()) {
      if (envelope->header.kind == troupe::detail::EnvelopeKind::packed)
        if (troupe::detail::unpack(envelope->payload, 1 << 20).size() > 1 << 20) std::abort();
      if (envelope->offset % 8 != 0 || envelope->payload.data() + envelope->payload.size() > frame.data() + frame.size()) std::abort();
      decode_any(envelope->header.type, envelope->payload);
    }
  } catch (const troupe::Malformed&) {
  } catch (const troupe::Refused&) {
  }
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  if (data[0] % 9 == 8) {
    fuzz::read_frame(bytes);
  } else {
    fuzz::decode_any(data[0] % 9, bytes);
  }
  return 0;
}
