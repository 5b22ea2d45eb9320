// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/process_state.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

Descriptor memory_file(const std::string& of) {
  Descriptor file{::memfd_create("troupe-process", MFD_CLOEXEC)};
  if (!file) raise(ErrorType::full, of + " cannot start: " + std::generic_category().message(errno));
  return file;
}

void write_all(const Descriptor& to, const std::string& text, const std::string& of) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto written = ::pwrite(to.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) raise(ErrorType::full, of + ": its input or output: " + std::generic_category().message(errno));
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace

ProcessState::ProcessState(NodeCore& node, const ProcessOptions& options)
    : name_{options.name},
      daemon_{options.daemon},
      captured_{options.output == Output::captured},
      joined_{Counted<TypedState<void>>::adopt(TypedState<void>::make(node))} {
  if (options.input && options.input_descriptor >= 0) throw Misuse{"a process has one input: a text or a descriptor"};
  if (options.input) {
    input_file = memory_file(name_);
    write_all(input_file, *options.input, name_);
  }
  if (captured_) {
    output_file = memory_file(name_);
    errors_file = memory_file(name_);
  } else if (options.output == Output::discarded) {
    output_file = Descriptor{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    errors_file = Descriptor{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  }
}

std::optional<int> ProcessState::exit_code() const noexcept {
  const int code = exit_code_.load();
  return code == alive ? std::nullopt : std::optional{code};
}

std::shared_ptr<const ErrorInfo> ProcessState::failure() const {
  if (exit_code() == 0) return nullptr;
  const std::lock_guard lock{mutex_};
  if (how_ == nullptr || last_errors_.empty()) return how_;
  auto with_output = std::make_shared<ErrorInfo>(*how_);
  with_output->output = last_errors_;
  return with_output;
}

std::string ProcessState::content(const Descriptor& file) const {
  std::string text;
  if (!captured_) throw Misuse{"the output of '" + name_ + "' is not captured: start it with .output = troupe::Output::captured"};
  std::array<char, 4096> piece;
  while (true) {
    const auto got = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

std::string ProcessState::output() const { return content(output_file); }
std::string ProcessState::errors() const { return content(errors_file); }

bool ProcessState::signal_elsewhere(int signal) const {
  if (!signal_elsewhere_) return false;
  if (!exit_code()) signal_elsewhere_(signal);
  return true;
}

void ProcessState::captured(const std::string& output, const std::string& errors) const {
  if (!captured_) return;
  write_all(output_file, output, name_);
  write_all(errors_file, errors, name_);
}

void ProcessState::last_words(std::shared_ptr<const ErrorInfo> how) {
  {
    const std::lock_guard lock{mutex_};
    how_ = std::move(how);
  }
  one_less();
}

void ProcessState::output_read(std::string last_errors) {
  const std::lock_guard lock{mutex_};
  last_errors_ = std::move(last_errors);
}

void ProcessState::one_less() {
  if (left_.fetch_sub(1) != 1) return;
  joined_->fulfil(std::monostate{});
  bells_.ring();
}

void ProcessState::give_up(std::shared_ptr<const ErrorInfo> why) {
  joined_->fail(std::move(why));
  bells_.ring();
}

void ProcessState::ring(const Bell& bell) {
  bells_.add(bell);
  if (joined_->settled()) bells_.ring();
}

}  // namespace troupe::detail
