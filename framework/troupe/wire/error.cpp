// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/error.hpp>

#include <cxxabi.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <typeinfo>
#include <utility>

namespace troupe {

namespace {

constexpr auto last_type = static_cast<std::uint8_t>(ErrorType::broken_barrier);
constexpr auto last_code = static_cast<std::uint8_t>(Errc::cancelled);
constexpr auto last_executed = static_cast<std::uint8_t>(Executed::yes);
constexpr auto last_standard = static_cast<std::uint8_t>(StandardKind::bad_alloc);

// What a handler threw: a RemoteError and a Standard.
template <class Standard>
class RemoteAs final : public RemoteError, public Standard {
 public:
  explicit RemoteAs(std::shared_ptr<const ErrorInfo> info) : RemoteError{info}, Standard{info->what} {}
  [[nodiscard]] const char* what() const noexcept override { return Error::what(); }
};

template <>
class RemoteAs<std::bad_alloc> final : public RemoteError, public std::bad_alloc {
 public:
  explicit RemoteAs(std::shared_ptr<const ErrorInfo> info) : RemoteError{std::move(info)} {}
  [[nodiscard]] const char* what() const noexcept override { return Error::what(); }
};

[[noreturn]] void raise_remote(std::shared_ptr<const ErrorInfo> info) {
  switch (info->standard) {
    case StandardKind::logic_error:
      throw RemoteAs<std::logic_error>{std::move(info)};
    case StandardKind::invalid_argument:
      throw RemoteAs<std::invalid_argument>{std::move(info)};
    case StandardKind::domain_error:
      throw RemoteAs<std::domain_error>{std::move(info)};
    case StandardKind::length_error:
      throw RemoteAs<std::length_error>{std::move(info)};
    case StandardKind::out_of_range:
      throw RemoteAs<std::out_of_range>{std::move(info)};
    case StandardKind::range_error:
      throw RemoteAs<std::range_error>{std::move(info)};
    case StandardKind::overflow_error:
      throw RemoteAs<std::overflow_error>{std::move(info)};
    case StandardKind::underflow_error:
      throw RemoteAs<std::underflow_error>{std::move(info)};
    case StandardKind::bad_alloc:
      throw RemoteAs<std::bad_alloc>{std::move(info)};
    case StandardKind::runtime_error:
    case StandardKind::other:
      break;
  }
  throw RemoteAs<std::runtime_error>{std::move(info)};
}

// Children before their parents.
StandardKind kind_of(const std::exception& thrown) {
  const auto is = [&]<class Standard>(std::type_identity<Standard>) { return dynamic_cast<const Standard*>(&thrown) != nullptr; };
  if (is(std::type_identity<std::invalid_argument>{})) return StandardKind::invalid_argument;
  if (is(std::type_identity<std::domain_error>{})) return StandardKind::domain_error;
  if (is(std::type_identity<std::length_error>{})) return StandardKind::length_error;
  if (is(std::type_identity<std::out_of_range>{})) return StandardKind::out_of_range;
  if (is(std::type_identity<std::logic_error>{})) return StandardKind::logic_error;
  if (is(std::type_identity<std::range_error>{})) return StandardKind::range_error;
  if (is(std::type_identity<std::overflow_error>{})) return StandardKind::overflow_error;
  if (is(std::type_identity<std::underflow_error>{})) return StandardKind::underflow_error;
  if (is(std::type_identity<std::runtime_error>{})) return StandardKind::runtime_error;
  if (is(std::type_identity<std::bad_alloc>{})) return StandardKind::bad_alloc;
  return StandardKind::other;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "?";
  return name.data();
}

// A handler's failure to pass an error on must not lose the error: a nested std::exception becomes the cause.
std::shared_ptr<const ErrorInfo> nested_cause(const std::exception& thrown) {
  const auto* const nested = dynamic_cast<const std::nested_exception*>(&thrown);
  if (nested == nullptr || nested->nested_ptr() == nullptr) return nullptr;
  return detail::describe(nested->nested_ptr());
}

template <class T>
T checked(std::uint8_t number, std::uint8_t last) {
  if (number > last) throw Malformed{"an error whose numbers name nothing"};
  return static_cast<T>(number);
}

}  // namespace

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::misuse:
      return "misuse";
    case Errc::not_found:
      return "not_found";
    case Errc::unhandled:
      return "unhandled";
    case Errc::malformed:
      return "malformed";
    case Errc::full:
      return "full";
    case Errc::timeout:
      return "timeout";
    case Errc::closed:
      return "closed";
    case Errc::died:
      return "died";
    case Errc::unreachable:
      return "unreachable";
    case Errc::handler_failed:
      return "handler_failed";
    case Errc::refused:
      return "refused";
    case Errc::cancelled:
      return "cancelled";
  }
  return "?";
}

std::string_view to_string(Executed executed) noexcept {
  switch (executed) {
    case Executed::no:
      return "no";
    case Executed::unknown:
      return "unknown";
    case Executed::yes:
      return "yes";
  }
  return "?";
}

Errc code_of(ErrorType type) noexcept {
  switch (type) {
    case ErrorType::misuse:
      return Errc::misuse;
    case ErrorType::timeout:
      return Errc::timeout;
    case ErrorType::closed:
    case ErrorType::end_of_stream:
    case ErrorType::broken_barrier:
      return Errc::closed;
    case ErrorType::full:
      return Errc::full;
    case ErrorType::actor_died:
    case ErrorType::worker_died:
      return Errc::died;
    case ErrorType::node_lost:
      return Errc::unreachable;
    case ErrorType::remote:
      return Errc::handler_failed;
    case ErrorType::not_found:
      return Errc::not_found;
    case ErrorType::malformed:
      return Errc::malformed;
    case ErrorType::refused:
      return Errc::refused;
    case ErrorType::cancelled:
      return Errc::cancelled;
    case ErrorType::unhandled:
      return Errc::unhandled;
  }
  return Errc::misuse;
}

std::string chain_text(const ErrorInfo& info) {
  std::string text = info.what;
  for (const ErrorInfo* cause = info.cause.get(); cause != nullptr; cause = cause->cause.get()) text += ", because " + cause->what;
  return text;
}

Error::~Error() = default;

namespace detail {

ErrorInfo make_error(ErrorType type, std::string what, Executed executed) {
  ErrorInfo info;
  info.type = type;
  info.code = code_of(type);
  info.executed = executed;
  info.what = std::move(what);
  info.host = host_name();
  info.pid = ::getpid();
  return info;
}

void raise(std::shared_ptr<const ErrorInfo> info) {
  switch (info->type) {
    case ErrorType::misuse:
      throw Misuse{std::move(info)};
    case ErrorType::timeout:
      throw Timeout{std::move(info)};
    case ErrorType::closed:
      throw Closed{std::move(info)};
    case ErrorType::full:
      throw Full{std::move(info)};
    case ErrorType::end_of_stream:
      throw EndOfStream{std::move(info)};
    case ErrorType::actor_died:
      throw ActorDied{std::move(info)};
    case ErrorType::worker_died:
      throw WorkerDied{std::move(info)};
    case ErrorType::node_lost:
      throw NodeLost{std::move(info)};
    case ErrorType::remote:
      raise_remote(std::move(info));
    case ErrorType::not_found:
      throw NotFound{std::move(info)};
    case ErrorType::malformed:
      throw Malformed{std::move(info)};
    case ErrorType::refused:
      throw Refused{std::move(info)};
    case ErrorType::cancelled:
      throw Cancelled{std::move(info)};
    case ErrorType::unhandled:
      throw Unhandled{std::move(info)};
    case ErrorType::broken_barrier:
      throw BrokenBarrier{std::move(info)};
  }
  std::abort();  // from_records lets no other number in
}

void raise(ErrorInfo info) { raise(std::make_shared<const ErrorInfo>(std::move(info))); }

void raise(ErrorType type, std::string what, Executed executed) { raise(make_error(type, std::move(what), executed)); }

std::shared_ptr<const ErrorInfo> describe(std::exception_ptr thrown) {
  auto info = make_error(ErrorType::remote, "", Executed::yes);
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const Error& error) {
    info.what = error.what();
    const bool remote = dynamic_cast<const RemoteError*>(&error) != nullptr;
    info.type_name = remote ? "troupe::RemoteError" : readable_type(typeid(error).name());
    info.cause = error.info();
    if (const auto* const standard = dynamic_cast<const std::exception*>(&error)) info.standard = kind_of(*standard);
  } catch (const std::exception& error) {
    info.what = error.what();
    info.type_name = readable_type(typeid(error).name());
    info.standard = kind_of(error);
    info.cause = nested_cause(error);
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    info.type_name = type == nullptr ? "unknown" : readable_type(type->name());
    info.what = "an exception of type " + info.type_name;
  }
  return std::make_shared<const ErrorInfo>(std::move(info));
}

std::string readable_type(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free};
  return status == 0 ? name.get() : mangled;
}

std::vector<ErrorRecord> to_records(const ErrorInfo& info) {
  std::vector<ErrorRecord> records;
  for (const ErrorInfo* at = &info; at != nullptr && records.size() <= max_causes; at = at->cause.get()) {
    records.push_back({static_cast<std::uint8_t>(at->type), static_cast<std::uint8_t>(at->code), static_cast<std::uint8_t>(at->executed),
                       static_cast<std::uint8_t>(at->standard), at->what, at->type_name, at->host, at->pid, at->actor, at->signal,
                       at->exit_code, at->output});
  }
  return records;
}

ErrorInfo from_records(std::vector<ErrorRecord>&& records) {
  if (records.empty() || records.size() > max_causes + 1) throw Malformed{"an error with no text or too many causes"};
  std::shared_ptr<const ErrorInfo> cause;
  ErrorInfo info;
  for (std::size_t i = records.size(); i-- > 0;) {
    auto& record = records[i];
    info = {checked<ErrorType>(record.type, last_type),
            checked<Errc>(record.code, last_code),
            checked<Executed>(record.executed, last_executed),
            checked<StandardKind>(record.standard, last_standard),
            std::move(record.what),
            std::move(record.type_name),
            std::move(record.host),
            record.pid,
            std::move(record.actor),
            record.signal,
            record.exit_code,
            std::move(record.output),
            std::move(cause)};
    if (i > 0) cause = std::make_shared<const ErrorInfo>(std::move(info));
  }
  return info;
}

}  // namespace detail
}  // namespace troupe
