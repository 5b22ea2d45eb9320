// troupe: actors in processes. Apache-2.0, see LICENSE.
// The language of etcd's gateway, by itself.
#include "catch.hpp"

#include <troupe/etcd/gateway.hpp>

#include <random>

using namespace troupe::etcd::detail;
using troupe::ErrorType;

namespace {

troupe::NameBytes bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

Json json(const char* text) { return Json::parse(text); }

constexpr const char* header = R"("header":{"revision":"7"})";

}  // namespace

TEST_CASE("base64 brings back what it was given, of any length, and nothing else than base64 is taken") {
  std::mt19937 random{7};
  for (std::size_t size = 0; size < 70; ++size) {
    std::string text(size, '\0');
    for (char& each : text) each = static_cast<char>(random());
    CHECK(from_base64(to_base64(text)) == text);
  }
  CHECK(to_base64("hello") == "aGVsbG8=");
  CHECK(from_base64("").empty());
  for (const char* odd : {"a", "aGVsbG8", "aGV*", "a=Vs", "=GVs", "aG=s", "aGVsbG8=aGVs", "aGVs\n"})
    CHECK_THROWS_AS(from_base64(odd), troupe::Malformed);
}

TEST_CASE("requests are what etcd's documentation says") {
  CHECK(grant_lease(10).body == json(R"({"TTL":"10"})"));
  CHECK(keep_lease(1234567890123456789).body == json(R"({"ID":"1234567890123456789"})"));
  CHECK(put_if_absent("k", bytes("v"), 5).body == json(R"({"compare":[{"target":"CREATE","key":"aw==","create_revision":"0"}],
                 "success":[{"requestPut":{"key":"aw==","value":"dg==","lease":"5"}}],
                 "failure":[{"requestRange":{"key":"aw=="}}]})"));
  CHECK(move_if_same("k", bytes("v"), 4, 5).body == json(R"({"compare":[{"target":"VALUE","key":"aw==","value":"dg=="},
                                                                        {"target":"LEASE","key":"aw==","lease":"4"}],
                                                          "success":[{"requestPut":{"key":"aw==","value":"dg==","lease":"5"}}]})"));
  CHECK(remove_if_same("k", bytes("v")).body == json(R"({"compare":[{"target":"VALUE","key":"aw==","value":"dg=="}],
                                                          "success":[{"requestDeleteRange":{"key":"aw=="}}]})"));
  CHECK(get_all("a").body == json(R"({"key":"YQ==","range_end":"Yg=="})"));
  CHECK(get_all("a\xff").body == json(R"({"key":"Yf8=","range_end":"Yg=="})"));
  CHECK(watch_all("a", 8).body == json(R"({"create_request":{"key":"YQ==","range_end":"Yg==","start_revision":"8"}})"));
}

TEST_CASE("answers are read with what etcd leaves out, as zero, false or empty") {
  const auto values = read_values(json(R"({"header":{"revision":"7"},"kvs":[{"key":"aw==","value":"dg==","lease":"5"},{"key":"aw=="}]})"));
  CHECK(values.revision == 7);
  REQUIRE(values.all.size() == 2);
  CHECK(values.all[0].key == "k");
  CHECK(values.all[0].value == bytes("v"));
  CHECK(values.all[0].lease == 5);
  CHECK(values.all[1].value.empty());
  CHECK(read_values(json(R"({"header":{}})")).all.empty());

  CHECK(read_done(json(R"({"header":{},"succeeded":true})")).as_asked);
  const auto done = read_done(json(R"({"header":{},"responses":[{"response_range":{"kvs":[{"key":"aw==","value":"dg=="}]}}]})"));
  CHECK_FALSE(done.as_asked);
  REQUIRE(done.there);
  CHECK(done.there->value == bytes("v"));
  CHECK_FALSE(read_done(json(R"({"header":{},"responses":[{"response_range":{}}]})")).there);

  CHECK(read_lease(json(R"({"result":{"header":{},"ID":"3","TTL":"9"}})")).seconds == 9);
  CHECK(read_lease(json(R"({"result":{"header":{},"ID":"3"}})")).seconds == 0);
  CHECK(read_grant(json(R"({"header":{},"ID":"3","TTL":"9"})")).lease == 3);

  const auto news =
      read_news(json(R"({"result":{"events":[{"kv":{"key":"aw==","value":"dg=="}},{"type":"DELETE","kv":{"key":"aw=="}}]}})"));
  REQUIRE(news.events.size() == 2);
  CHECK_FALSE(news.events[0].removed);
  CHECK(news.events[1].removed);
  CHECK(read_news(json(R"({"result":{"canceled":true,"compact_revision":"5"}})")).over);
}

TEST_CASE("anything else is Malformed, and never read as something") {
  for (const char* odd :
       {"{}", "[]", "7", "null", "\"x\"", R"({"header":7})", R"({"header":{"revision":"x"}})", R"({"header":{"revision":[]}})",
        R"({"header":{"revision":"99999999999999999999"}})", R"({"header":{},"kvs":7})", R"({"header":{},"kvs":[7]})",
        R"({"header":{},"kvs":[{"key":7}]})", R"({"header":{},"kvs":[{"key":"*"}]})", R"({"header":{},"kvs":[{"lease":"7x"}]})"})
    CHECK_THROWS_AS(read_values(json(odd)), troupe::Malformed);
  for (const char* odd : {"{}", "[]", R"({"header":{},"succeeded":7})", R"({"header":{},"responses":{}})",
                          R"({"header":{},"responses":[7]})", R"({"header":{},"responses":[{"response_range":7}]})"})
    CHECK_THROWS_AS(read_done(json(odd)), troupe::Malformed);
  for (const char* odd : {"{}", "[]", R"({"result":7})", R"({"header":{},"ID":{}})"})
    CHECK_THROWS_AS(read_lease(json(odd)), troupe::Malformed);
  for (const char* odd : {R"({"header":{}})", R"({"header":{},"ID":"3"})", R"({"header":{},"ID":"3","TTL":"-1"})"})
    CHECK_THROWS_AS(read_grant(json(odd)), troupe::Malformed);
  for (const char* odd : {"{}", "[]", R"({"error":{}})", R"({"result":7})", R"({"result":{"events":7}})", R"({"result":{"events":[{}]}})"})
    CHECK_THROWS_AS(read_news(json(odd)), troupe::Malformed);
  CHECK_THROWS_AS(read_news(Json::parse("garbage", nullptr, false)), troupe::Malformed);
}

TEST_CASE("what etcd says in place of an answer is told apart by what another member could do about it") {
  const auto type = [](long status, const char* text) {
    const auto error = error_in(status, Json::parse(text, nullptr, false));
    return error == nullptr ? ErrorType::misuse : error->type;
  };

  CHECK(error_in(200, json((std::string{"{"} + header + "}").c_str())) == nullptr);
  CHECK(type(404, R"({"error":"x","message":"etcdserver: requested lease not found","code":5})") == ErrorType::not_found);
  CHECK(type(403, R"({"error":"x","message":"etcdserver: permission denied","code":7})") == ErrorType::refused);
  CHECK(error_in(400, json(R"({"error":"etcdserver: user name is empty","code":3})"))->what ==
        "etcd refuses it: etcdserver: user name is empty");
  CHECK(type(503, R"({"error":"x","message":"etcdserver: no leader","code":14})") == ErrorType::node_lost);
  CHECK(error_in(200, json(R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}})"))->what ==
        "etcdserver: no leader");
  CHECK(type(404, "Not Found") == ErrorType::node_lost);
  CHECK(type(200, "<html>") == ErrorType::node_lost);
  CHECK(type(500, "{}") == ErrorType::node_lost);
  CHECK(type(500, R"({"code":"x"})") == ErrorType::node_lost);
  CHECK(type(500, R"({"message":7})") == ErrorType::node_lost);
}
