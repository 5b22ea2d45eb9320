// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/way.hpp>

#include <array>
#include <charconv>
#include <string_view>

namespace troupe::detail {

namespace {
constexpr std::string_view mark = "job:";
}  // namespace

std::string Way::text() const {
  if (job == 0) return endpoint;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), job, 16).ptr;
  return std::string{mark} + std::string(digits.data(), end) + ':' + endpoint;
}

Way way_of(const std::string& endpoint) {
  if (!endpoint.starts_with(mark)) return {0, endpoint};
  const char* const first = endpoint.data() + mark.size();
  const char* const last = endpoint.data() + endpoint.size();
  Way way;
  const auto [end, error] = std::from_chars(first, last, way.job, 16);
  if (error != std::errc{} || end == last || *end != ':') return {0, endpoint};
  way.endpoint.assign(end + 1, last);
  return way;
}

}  // namespace troupe::detail
