// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/gateway.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

[[noreturn]] void complain(const std::string& what) { raise(ErrorType::malformed, "this is no answer of etcd's: " + what); }

std::string to_base64(const NameBytes& bytes) { return detail::to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

// The first key that does not begin with `prefix`.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

Json one(Json element) { return Json::array({std::move(element)}); }

Json same(const std::string& key, const NameBytes& value) {
  return {{"target", "VALUE"}, {"key", detail::to_base64(key)}, {"value", to_base64(value)}};
}

Json put(const std::string& key, const NameBytes& value, std::int64_t lease) {
  return {{"requestPut", {{"key", detail::to_base64(key)}, {"value", to_base64(value)}, {"lease", std::to_string(lease)}}}};
}

Json range_of(const std::string& prefix) { return {{"key", detail::to_base64(prefix)}, {"range_end", detail::to_base64(end_of(prefix))}}; }

// Fields that are zero, false or empty are left out.
const Json* field(const Json& from, const char* name) {
  if (!from.is_object()) complain("an object is missing");
  const auto found = from.find(name);
  return found == from.end() ? nullptr : &*found;
}

std::int64_t number(const Json& from, const char* name) {
  const Json* value = field(from, name);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) complain(std::string{name} + " is no number");
  const auto& text = value->get_ref<const std::string&>();
  std::int64_t result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) complain(std::string{name} + " is no number");
  return result;
}

bool flag(const Json& from, const char* name) {
  const Json* value = field(from, name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) complain(std::string{name} + " is neither true nor false");
  return value->get<bool>();
}

std::string text(const Json& from, const char* name) {
  const Json* value = field(from, name);
  if (value == nullptr) return {};
  if (!value->is_string()) complain(std::string{name} + " is no text");
  return value->get<std::string>();
}

const Json& list(const Json& from, const char* name) {
  static const Json empty = Json::array();
  const Json* value = field(from, name);
  if (value == nullptr) return empty;
  if (!value->is_array()) complain(std::string{name} + " is no list");
  return *value;
}

KeyValue read_value(const Json& from) {
  const std::string bytes = from_base64(text(from, "value"));
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return {from_base64(text(from, "key")), {first, first + bytes.size()}, number(from, "lease")};
}

const Json& header(const Json& from) {
  const Json* found = field(from, "header");
  if (found == nullptr) complain("the header is missing");
  return *found;
}

const Json& result(const Json& from) {
  const Json* found = field(from, "result");
  if (found == nullptr) complain("the result is missing");
  return *found;
}

}  // namespace

Call grant_lease(std::int64_t seconds) { return {"/v3/lease/grant", {{"TTL", std::to_string(seconds)}}}; }
Call keep_lease(std::int64_t lease) { return {"/v3/lease/keepalive", {{"ID", std::to_string(lease)}}}; }
Call revoke_lease(std::int64_t lease) { return {"/v3/lease/revoke", {{"ID", std::to_string(lease)}}}; }

Call put_if_absent(const std::string& key, const NameBytes& value, std::int64_t lease) {
  const std::string name = detail::to_base64(key);
  return {"/v3/kv/txn",
          {{"compare", one({{"target", "CREATE"}, {"key", name}, {"create_revision", "0"}})},
           {"success", one(put(key, value, lease))},
           {"failure", one({{"requestRange", {{"key", name}}}})}}};
}

Call move_if_same(const std::string& key, const NameBytes& value, std::int64_t from, std::int64_t lease) {
  Json compare = one(same(key, value));
  compare.push_back({{"target", "LEASE"}, {"key", detail::to_base64(key)}, {"lease", std::to_string(from)}});
  return {"/v3/kv/txn", {{"compare", std::move(compare)}, {"success", one(put(key, value, lease))}}};
}

Call remove_if_same(const std::string& key, const NameBytes& value) {
  return {"/v3/kv/txn",
          {{"compare", one(same(key, value))}, {"success", one({{"requestDeleteRange", {{"key", detail::to_base64(key)}}}})}}};
}

Call get(const std::string& key) { return {"/v3/kv/range", {{"key", detail::to_base64(key)}}}; }
Call get_all(const std::string& prefix) { return {"/v3/kv/range", range_of(prefix)}; }

Call watch_all(const std::string& prefix, std::int64_t revision) {
  Json request = range_of(prefix);
  request["start_revision"] = std::to_string(revision);
  return {"/v3/watch", {{"create_request", std::move(request)}}};
}

KeyValues read_values(const Json& answer) {
  KeyValues values;
  values.revision = number(header(answer), "revision");
  for (const Json& each : list(answer, "kvs")) values.all.push_back(read_value(each));
  return values;
}

Done read_done(const Json& answer) {
  (void)header(answer);
  Done done;
  done.as_asked = flag(answer, "succeeded");
  if (done.as_asked) return done;
  for (const Json& each : list(answer, "responses"))
    if (const Json* range = field(each, "response_range"))
      for (const Json& value : list(*range, "kvs")) done.there = read_value(value);
  return done;
}

LeaseLife read_lease(const Json& answer) {
  const Json& life = answer.contains("result") ? answer["result"] : answer;
  (void)header(life);
  return {number(life, "ID"), number(life, "TTL")};
}

LeaseLife read_grant(const Json& answer) {
  const LeaseLife life = read_lease(answer);
  if (life.lease == 0 || life.seconds <= 0) complain("no lease is granted");
  return life;
}

WatchNews read_news(const Json& piece) {
  const Json& news = result(piece);
  WatchNews read;
  read.begun = flag(news, "created");
  read.over = flag(news, "canceled");
  for (const Json& each : list(news, "events")) {
    const Json* value = field(each, "kv");
    if (value == nullptr) complain("an event is about nothing");
    read.events.push_back({read_value(*value), text(each, "type") == "DELETE"});
  }
  return read;
}

std::shared_ptr<const ErrorInfo> error_in(long status, const Json& answer) {
  const auto lost = [](std::string what) { return std::make_shared<const ErrorInfo>(make_error(ErrorType::node_lost, std::move(what))); };
  if (!answer.is_object()) return lost("it answers, but not as etcd 3.4 or later does (status " + std::to_string(status) + ")");
  // Of a stream it is an object within.
  const Json& error = answer.contains("error") && answer["error"].is_object() ? answer["error"] : answer;
  if (status == 200 && !answer.contains("error")) return nullptr;
  try {
    std::string what = text(error, "message");
    if (what.empty()) what = text(error, "error");
    const std::int64_t code = error.contains("grpc_code") ? number(error, "grpc_code") : number(error, "code");
    // Codes of gRPC by which the same request would be refused again.
    enum Code : std::int64_t { invalid = 3, not_found = 5, denied = 7, exhausted = 8, precondition = 9, range = 11, unauthenticated = 16 };
    constexpr std::array finally{invalid, denied, exhausted, precondition, range, unauthenticated};
    if (code == not_found) return std::make_shared<const ErrorInfo>(make_error(ErrorType::not_found, what));
    if (std::find(finally.begin(), finally.end(), code) != finally.end())
      return std::make_shared<const ErrorInfo>(make_error(ErrorType::refused, "etcd refuses it: " + what));
    return lost(what.empty() ? "status " + std::to_string(status) : what);
  } catch (const Malformed& malformed) {
    return lost(malformed.what());
  }
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) -> unsigned { return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U; };
    const unsigned three = byte(0) << 16U | byte(1) << 8U | byte(2);
    const std::size_t used = std::min<std::size_t>(bytes.size() - at, 3) + 1;
    for (std::size_t i = 0; i < 4; ++i) text += i < used ? digits[three >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

std::string from_base64(std::string_view text) {
  if (text.size() % 4 != 0) complain("this is no base64");
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const std::size_t padding = !last || text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
    unsigned three = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto digit = i < 4 - padding ? digits.find(text[at + i]) : 0;
      if (digit == std::string_view::npos) complain("this is no base64");
      three = three << 6U | static_cast<unsigned>(digit);
    }
    for (std::size_t i = 0; i < 3 - padding; ++i) bytes += static_cast<char>(three >> (16 - 8 * i) & 0xffU);
  }
  return bytes;
}

}  // namespace troupe::etcd::detail
