// troupe: actors in processes. Apache-2.0, see LICENSE.
// The language of etcd's JSON gateway: what is asked, and what is answered. Keys and values are base64, numbers are text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <troupe/cluster/directory.hpp>
#include <troupe/wire/error.hpp>

namespace troupe::etcd::detail {

using Json = nlohmann::json;

/// What is sent, and where to.
struct Call {
  std::string path;
  Json body;
};

[[nodiscard]] Call grant_lease(std::int64_t seconds);
[[nodiscard]] Call keep_lease(std::int64_t lease);
[[nodiscard]] Call revoke_lease(std::int64_t lease);
/// Answered with what is there, if something is.
[[nodiscard]] Call put_if_absent(const std::string& key, const NameBytes& value, std::int64_t lease);
/// Has what is there with this value hang on `lease`, if it hangs on `from` still.
[[nodiscard]] Call move_if_same(const std::string& key, const NameBytes& value, std::int64_t from, std::int64_t lease);
[[nodiscard]] Call remove_if_same(const std::string& key, const NameBytes& value);
[[nodiscard]] Call get(const std::string& key);
[[nodiscard]] Call get_all(const std::string& prefix);
/// A stream of what happens from `revision` on.
[[nodiscard]] Call watch_all(const std::string& prefix, std::int64_t revision);

struct KeyValue {
  std::string key;
  NameBytes value;
  std::int64_t lease = 0;
};
struct KeyValues {
  std::int64_t revision = 0;  // at which it was so
  std::vector<KeyValue> all;
};
/// Of a transaction.
struct Done {
  bool as_asked = false;
  std::optional<KeyValue> there;  // else, if it says so
};
struct LeaseLife {
  std::int64_t lease = 0;
  std::int64_t seconds = 0;  // 0: it has ended
};
struct WatchNews {
  struct Event {
    KeyValue now;
    bool removed = false;
  };
  bool begun = false;
  bool over = false;
  std::vector<Event> events;
};

// @throws Malformed  it is no such answer
[[nodiscard]] KeyValues read_values(const Json& answer);
[[nodiscard]] Done read_done(const Json& answer);
[[nodiscard]] LeaseLife read_lease(const Json& answer);
[[nodiscard]] LeaseLife read_grant(const Json& answer);
[[nodiscard]] WatchNews read_news(const Json& piece);

/// What etcd says in place of an answer; null: `answer` is one. `not_found`: there is no such lease. `refused`: it will not.
/// `node_lost`: this member cannot now, another may.
/// @param answer  discarded: it was no JSON
[[nodiscard]] std::shared_ptr<const ErrorInfo> error_in(long status, const Json& answer);

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// @throws Malformed
[[nodiscard]] std::string from_base64(std::string_view text);

}  // namespace troupe::etcd::detail
