// troupe: actors in processes. Apache-2.0, see LICENSE.
// What can go wrong, as a value that travels between processes and as the exceptions that a caller catches.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The code of an error: by what the caller can do about it.
enum class Errc : std::uint8_t {
  misuse,          // the call is wrong: mend the program
  not_found,       // no such name, key or node
  unhandled,       // the actor has no handler for this message
  malformed,       // bytes that are not what they should be
  full,            // no room within the patience
  timeout,         // no answer within the patience
  closed,          // it was stopped or closed in order
  died,            // it failed, was killed, or its process ended
  unreachable,     // its host no longer answers
  handler_failed,  // the handler threw
  refused,         // the other side does not want us
  cancelled,       // somebody cancelled it
};

/// Whether the work behind a failed call was done: may the caller simply try again?
enum class Executed : std::uint8_t { no, unknown, yes };

/// Which class is thrown for an error.
enum class ErrorType : std::uint8_t {
  misuse,
  timeout,
  closed,
  full,
  end_of_stream,
  actor_died,
  worker_died,
  node_lost,
  remote,
  not_found,
  malformed,
  refused,
  cancelled,
  unhandled,
  broken_barrier,
};

/// Which standard exception a handler threw; `RemoteError` is thrown as a child of it.
enum class StandardKind : std::uint8_t {
  other,  // thrown as std::runtime_error
  runtime_error,
  logic_error,
  invalid_argument,
  domain_error,
  length_error,
  out_of_range,
  range_error,
  overflow_error,
  underflow_error,
  bad_alloc,
};

[[nodiscard]] std::string_view to_string(Errc code) noexcept;
[[nodiscard]] std::string_view to_string(Executed executed) noexcept;
/// The code that errors of this type carry.
[[nodiscard]] Errc code_of(ErrorType type) noexcept;

struct ErrorInfo;

namespace detail {

/// One link of a cause chain on the wire.
struct ErrorRecord {
  std::uint8_t type, code, executed, standard;
  std::string what, type_name, host;
  std::int32_t pid;
  std::string actor;
  std::optional<std::int32_t> signal, exit_code;
  std::string output;
};

/// Causes that travel; what lies deeper is left out. Guards the receiver's stack and memory.
constexpr std::size_t max_causes = 16;

std::vector<ErrorRecord> to_records(const ErrorInfo& info);
/// @throws Malformed  no record, more than `max_causes` causes or a number that names nothing
ErrorInfo from_records(std::vector<ErrorRecord>&& records);

}  // namespace detail

/// Everything about one error: a value, and a message like any other.
struct ErrorInfo {
  ErrorType type = ErrorType::misuse;
  Errc code = Errc::misuse;
  Executed executed = Executed::no;
  StandardKind standard = StandardKind::other;
  std::string what;       // a handler's own text, unchanged
  std::string type_name;  // of a handler's exception, readable; else empty
  std::string host;       // where it was noticed
  int pid = 0;
  std::string actor;             // whose error it is; empty: nobody's in particular
  std::optional<int> signal;     // that ended the process
  std::optional<int> exit_code;  // that the process ended with
  std::string output;            // last lines on its stderr
  std::shared_ptr<const ErrorInfo> cause;

  template <class Archive>
  void save(Archive& archive) const {
    archive(detail::to_records(*this));
  }
  template <class Archive>
  void load(Archive& archive) {
    std::vector<detail::ErrorRecord> records;
    archive(records);
    *this = detail::from_records(std::move(records));
  }
};

/// "a, because b, because c".
[[nodiscard]] std::string chain_text(const ErrorInfo& info);

/// What every exception of troupe is, beside exactly one standard exception: catch it as either.
///
/// Not a std::exception itself: a handler's std::out_of_range arrives as RemoteError and as std::out_of_range.
/// Threads: copies share what they tell, which never changes.
class Error {
 public:
  virtual ~Error();

  [[nodiscard]] Errc code() const noexcept { return info_->code; }
  [[nodiscard]] Executed executed() const noexcept { return info_->executed; }
  [[nodiscard]] virtual const char* what() const noexcept { return info_->what.c_str(); }
  /// Where it was noticed.
  [[nodiscard]] const std::string& host() const noexcept { return info_->host; }
  [[nodiscard]] int pid() const noexcept { return info_->pid; }
  /// Whose error it is; empty if nobody's.
  [[nodiscard]] const std::string& actor() const noexcept { return info_->actor; }
  /// Null: there is none, or it is not known.
  [[nodiscard]] const ErrorInfo* cause() const noexcept { return info_->cause.get(); }
  /// Never null.
  [[nodiscard]] const std::shared_ptr<const ErrorInfo>& info() const noexcept { return info_; }

 protected:
  explicit Error(std::shared_ptr<const ErrorInfo> info) noexcept : info_{std::move(info)} {}
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

 private:
  std::shared_ptr<const ErrorInfo> info_;
};

namespace detail {

/// An error noticed here and now: code by type, host and pid of this process.
[[nodiscard]] ErrorInfo make_error(ErrorType type, std::string what, Executed executed = Executed::no);

/// An Error that is a `Standard` too.
template <ErrorType Type, class Standard>
class Thrown : public Error, public Standard {
 public:
  explicit Thrown(std::shared_ptr<const ErrorInfo> info) : Error{info}, Standard{info->what} {}
  explicit Thrown(std::string what) : Thrown{std::make_shared<const ErrorInfo>(make_error(Type, std::move(what)))} {}
  [[nodiscard]] const char* what() const noexcept override { return Error::what(); }
};

}  // namespace detail

/// The call is wrong, whatever the others do.
class Misuse : public detail::Thrown<ErrorType::misuse, std::logic_error> {
  using Thrown::Thrown;
};
/// The patience ran out.
class Timeout : public detail::Thrown<ErrorType::timeout, std::runtime_error> {
  using Thrown::Thrown;
};
/// It was stopped or closed in order.
class Closed : public detail::Thrown<ErrorType::closed, std::runtime_error> {
 public:
  using Thrown::Thrown;
};
/// No room within the patience.
class Full : public detail::Thrown<ErrorType::full, std::runtime_error> {
  using Thrown::Thrown;
};
/// The other end of a pipe is gone and everything it sent was taken; `cause()` is set when it died rather than closed.
class EndOfStream : public Closed {
 public:
  explicit EndOfStream(std::shared_ptr<const ErrorInfo> info) : Closed{std::move(info)} {}
  explicit EndOfStream(std::string what)
      : Closed{std::make_shared<const ErrorInfo>(detail::make_error(ErrorType::end_of_stream, std::move(what)))} {}
};
/// The actor failed, was killed, or its process ended.
class ActorDied : public detail::Thrown<ErrorType::actor_died, std::runtime_error> {
 public:
  using Thrown::Thrown;
  [[nodiscard]] std::optional<int> signal() const noexcept { return info()->signal; }
  [[nodiscard]] std::optional<int> exit_code() const noexcept { return info()->exit_code; }
};
/// The process that ran a pool's task ended.
class WorkerDied : public detail::Thrown<ErrorType::worker_died, std::runtime_error> {
 public:
  using Thrown::Thrown;
  [[nodiscard]] std::optional<int> signal() const noexcept { return info()->signal; }
  [[nodiscard]] std::optional<int> exit_code() const noexcept { return info()->exit_code; }
  /// The last lines that it wrote to stderr.
  [[nodiscard]] const std::string& output() const noexcept { return info()->output; }
};
/// The host no longer answers.
class NodeLost : public detail::Thrown<ErrorType::node_lost, std::runtime_error> {
  using Thrown::Thrown;
};
class NotFound : public detail::Thrown<ErrorType::not_found, std::runtime_error> {
  using Thrown::Thrown;
};
/// Bytes that are not what they should be: from a peer, or a message too deep or too large to be sent.
class Malformed : public detail::Thrown<ErrorType::malformed, std::runtime_error> {
  using Thrown::Thrown;
};
class Refused : public detail::Thrown<ErrorType::refused, std::runtime_error> {
  using Thrown::Thrown;
};
class Cancelled : public detail::Thrown<ErrorType::cancelled, std::runtime_error> {
  using Thrown::Thrown;
};
/// The actor has no handler for this message.
class Unhandled : public detail::Thrown<ErrorType::unhandled, std::runtime_error> {
  using Thrown::Thrown;
};

/// A barrier was aborted, its action threw, or somebody's patience ended or process died while waiting at it: nobody passes until
/// `reset`.
class BrokenBarrier : public detail::Thrown<ErrorType::broken_barrier, std::runtime_error> {
  using Thrown::Thrown;
};

/// A handler, a task or a constructor threw in another actor. The object is also the standard exception that was
/// thrown there, or a std::runtime_error for any other type.
class RemoteError : public Error {
 public:
  /// The type that was thrown, as a reader would write it: `std::out_of_range`.
  [[nodiscard]] const std::string& type_name() const noexcept { return info()->type_name; }

 protected:
  using Error::Error;
};

namespace detail {

/// Throws the class that `info.type` names.
[[noreturn]] void raise(std::shared_ptr<const ErrorInfo> info);
[[noreturn]] void raise(ErrorInfo info);
[[noreturn]] void raise(ErrorType type, std::string what, Executed executed = Executed::no);

/// What a failed handler's asker is told: `handler_failed`, executed `yes`. A troupe error that left the handler (an
/// ask of its own that failed) becomes the cause.
[[nodiscard]] std::shared_ptr<const ErrorInfo> describe(std::exception_ptr thrown);

/// The name of a type as a reader would write it.
[[nodiscard]] std::string readable_type(const char* mangled);

}  // namespace detail
}  // namespace troupe
