// troupe: actors in processes. Apache-2.0, see LICENSE.
// What is thrown, what travels and what a caller can catch.
#include <troupe/wire/archive.hpp>
#include <troupe/wire/error.hpp>
#include <troupe/wire/result.hpp>

#include <map>
#include <type_traits>

#include "catch.hpp"

namespace {

using namespace troupe;
using detail::describe;
using detail::raise;

template <class Thrown>
std::shared_ptr<const ErrorInfo> described(Thrown thrown) {
  return describe(std::make_exception_ptr(std::move(thrown)));
}

ErrorInfo over_the_wire(const ErrorInfo& info) {
  detail::Encoded bytes;
  detail::encode(bytes, info);
  return detail::decode<ErrorInfo>(bytes.view());
}

template <class Standard>
void comes_back_as(Standard thrown) {
  const std::string text = thrown.what();
  const auto info = std::make_shared<const ErrorInfo>(over_the_wire(*described(std::move(thrown))));

  try {
    raise(info);
  } catch (const Standard& error) {
    CHECK(typeid(error) != typeid(Standard));
    CHECK(error.what() == text);
    CHECK(dynamic_cast<const RemoteError*>(&error) != nullptr);
    return;
  } catch (...) {
  }
  FAIL("not caught as the standard exception that it was");
}

template <class Class>
void is_thrown_for(ErrorType type, Errc code) {
  try {
    raise(type, "because", Executed::unknown);
  } catch (const Class& error) {
    CHECK(error.code() == code);
    CHECK(error.executed() == Executed::unknown);
    CHECK(std::string{error.what()} == "because");
    CHECK(error.pid() > 0);
    CHECK_FALSE(error.host().empty());
    CHECK(error.cause() == nullptr);
    CHECK(dynamic_cast<const std::exception*>(&error)->what() == std::string{"because"});
    CHECK(dynamic_cast<const Error*>(&error) != nullptr);
    return;
  } catch (...) {
  }
  FAIL("another class was thrown");
}

static_assert(!std::is_base_of_v<std::exception, Error>);
static_assert(std::is_convertible_v<Timeout*, Error*> && std::is_convertible_v<Timeout*, std::exception*>);
static_assert(std::is_convertible_v<EndOfStream*, Closed*>);

}  // namespace

TEST_CASE("each type of error is thrown as its class, an Error and one standard exception") {
  is_thrown_for<Misuse>(ErrorType::misuse, Errc::misuse);
  is_thrown_for<Timeout>(ErrorType::timeout, Errc::timeout);
  is_thrown_for<Closed>(ErrorType::closed, Errc::closed);
  is_thrown_for<Full>(ErrorType::full, Errc::full);
  is_thrown_for<EndOfStream>(ErrorType::end_of_stream, Errc::closed);
  is_thrown_for<ActorDied>(ErrorType::actor_died, Errc::died);
  is_thrown_for<WorkerDied>(ErrorType::worker_died, Errc::died);
  is_thrown_for<NodeLost>(ErrorType::node_lost, Errc::unreachable);
  is_thrown_for<RemoteError>(ErrorType::remote, Errc::handler_failed);
  is_thrown_for<NotFound>(ErrorType::not_found, Errc::not_found);
  is_thrown_for<Malformed>(ErrorType::malformed, Errc::malformed);
  is_thrown_for<Refused>(ErrorType::refused, Errc::refused);
  is_thrown_for<Cancelled>(ErrorType::cancelled, Errc::cancelled);
  is_thrown_for<Unhandled>(ErrorType::unhandled, Errc::unhandled);
  is_thrown_for<BrokenBarrier>(ErrorType::broken_barrier, Errc::closed);
}

TEST_CASE("an error made from a text carries the code of its class") {
  CHECK(Misuse{"x"}.code() == Errc::misuse);
  CHECK(EndOfStream{"x"}.info()->type == ErrorType::end_of_stream);
  CHECK(WorkerDied{"x"}.executed() == Executed::no);
}

TEST_CASE("a handler's standard exception arrives as itself and as RemoteError, with its own text") {
  comes_back_as(std::runtime_error{"run"});
  comes_back_as(std::logic_error{"logic"});
  comes_back_as(std::invalid_argument{"argument"});
  comes_back_as(std::domain_error{"domain"});
  comes_back_as(std::length_error{"length"});
  comes_back_as(std::out_of_range{"range"});
  comes_back_as(std::range_error{"range"});
  comes_back_as(std::overflow_error{"over"});
  comes_back_as(std::underflow_error{"under"});
  comes_back_as(std::bad_alloc{});
}

TEST_CASE("a handler's exception travels as handler_failed, executed, with the name of its type") {
  const auto info = described(std::out_of_range{"three"});

  CHECK(info->type == ErrorType::remote);
  CHECK(info->code == Errc::handler_failed);
  CHECK(info->executed == Executed::yes);
  CHECK(info->what == "three");
  CHECK(info->type_name == "std::out_of_range");
  CHECK(info->cause == nullptr);
}

TEST_CASE("what is no exception at all travels by the name of its type") {
  const auto info = described(42);

  CHECK(info->type_name == "int");
  CHECK(info->what == "an exception of type int");
  CHECK_THROWS_AS(raise(info), std::runtime_error);
}

TEST_CASE("a troupe error that leaves a handler becomes the cause of what its asker gets") {
  const auto info = described(Timeout{"no answer within 1 s"});

  CHECK(info->type == ErrorType::remote);
  CHECK(info->type_name == "troupe::Timeout");
  REQUIRE(info->cause != nullptr);
  CHECK(info->cause->type == ErrorType::timeout);
  CHECK_THROWS_AS(raise(info), RemoteError);
}

TEST_CASE("a nested standard exception becomes the cause") {
  std::shared_ptr<const ErrorInfo> info;
  try {
    try {
      throw std::invalid_argument{"inner"};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"outer"});
    }
  } catch (...) {
    info = describe(std::current_exception());
  }

  CHECK(chain_text(*info) == "outer, because inner");
}

TEST_CASE("an error keeps all that it tells over the wire") {
  ErrorInfo sent = detail::make_error(ErrorType::worker_died, "a worker died", Executed::unknown);
  sent.signal = 9;
  sent.exit_code = -3;
  sent.output = "last words\n";
  sent.actor = "worker 3";
  sent.cause = described(std::length_error{"too long"});

  const ErrorInfo got = over_the_wire(sent);

  CHECK(got.type == ErrorType::worker_died);
  CHECK(got.code == Errc::died);
  CHECK(got.executed == Executed::unknown);
  CHECK(got.what == sent.what);
  CHECK(got.host == sent.host);
  CHECK(got.pid == sent.pid);
  CHECK(got.actor == sent.actor);
  CHECK(got.signal == 9);
  CHECK(got.exit_code == -3);
  CHECK(got.output == sent.output);
  CHECK(got.cause->standard == StandardKind::length_error);
  CHECK(chain_text(got) == "a worker died, because too long");
  try {
    raise(got);
  } catch (const WorkerDied& died) {
    CHECK(died.signal() == 9);
    CHECK(died.exit_code() == -3);
    CHECK(died.output() == "last words\n");
  }
}

TEST_CASE("a chain of causes travels 16 deep, the rest is left out") {
  std::shared_ptr<const ErrorInfo> cause;
  for (int i = 0; i < 1000; ++i) {
    ErrorInfo info;
    info.what = std::to_string(i);
    info.cause = cause;
    cause = std::make_shared<const ErrorInfo>(std::move(info));
  }

  const ErrorInfo got = over_the_wire(*cause);

  int depth = 0;
  for (const ErrorInfo* at = got.cause.get(); at != nullptr; at = at->cause.get()) ++depth;
  CHECK(got.what == "999");
  CHECK(depth == 16);
}

TEST_CASE("an error with numbers that name nothing, without a text or with too many causes is malformed") {
  const auto records = detail::to_records(ErrorInfo{});
  const auto spoilt = [&](auto member) {
    auto wrong = records;
    wrong[0].*member = 200;
    return wrong;
  };

  CHECK_THROWS_AS(detail::from_records(spoilt(&detail::ErrorRecord::type)), Malformed);
  CHECK_THROWS_AS(detail::from_records(spoilt(&detail::ErrorRecord::code)), Malformed);
  CHECK_THROWS_AS(detail::from_records(spoilt(&detail::ErrorRecord::executed)), Malformed);
  CHECK_THROWS_AS(detail::from_records(spoilt(&detail::ErrorRecord::standard)), Malformed);
  CHECK_THROWS_AS(detail::from_records({}), Malformed);
  CHECK_THROWS_AS(detail::from_records(std::vector(18, records[0])), Malformed);
  CHECK_NOTHROW(detail::from_records(std::vector(17, records[0])));
}

TEST_CASE("codes and executed have names") {
  CHECK(to_string(Errc::handler_failed) == "handler_failed");
  CHECK(to_string(Errc::cancelled) == "cancelled");
  CHECK(to_string(static_cast<Errc>(200)) == "?");
  CHECK(to_string(Executed::unknown) == "unknown");
}

TEST_CASE("a Result holds a value or throws the error that took its place") {
  Result<std::string> good{"yes"};
  const Result<std::string> bad{Timeout{"too late"}};

  CHECK(good);
  CHECK(good.value() == "yes");
  CHECK(good->size() == 3);
  CHECK(std::move(good).value_or("no") == "yes");
  CHECK_FALSE(bad.has_value());
  CHECK_THROWS_AS(bad.value(), Timeout);
  CHECK_THROWS_AS(*bad, Timeout);
  CHECK(bad.error().code == Errc::timeout);
  CHECK(bad.value_or("no") == "no");
  CHECK_THROWS_AS(Result<int>{1}.error(), Misuse);
}

TEST_CASE("a Result of nothing says whether it went well") {
  const Result<void> good;
  const Result<void> bad{Closed{"gone"}};

  CHECK_NOTHROW(good.value());
  CHECK_THROWS_AS(good.error(), Misuse);
  CHECK_FALSE(bad);
  CHECK_THROWS_AS(bad.value(), Closed);
}
