// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/child_exit.hpp>
#include <troupe/wire/log.hpp>

#include <cxxabi.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <typeinfo>

namespace troupe::detail {

namespace {

using namespace std::chrono_literals;

// A thread that still runs may hold the stream for ever, blocked in a read or a full pipe: fflush(nullptr) would wait for it.
void flush_if_free(std::FILE* stream, std::ostream& over) {
  if (::ftrylockfile(stream) != 0) return;
  over.flush();
  std::fflush(stream);
  ::funlockfile(stream);
}

std::string readable(const std::type_info* type) {
  if (type == nullptr) return "exception of another language";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free};
  return status == 0 ? name.get() : type->name();
}

}  // namespace

void leave(int code, bool all_joined) {
  if (all_joined) std::exit(code);
  log(LogLevel::warning,
      "process " + std::to_string(::getpid()) + " leaves while threads of it still run: static objects are not destroyed");
  flush_log(1s);
  flush_if_free(stdout, std::cout);
  flush_if_free(stderr, std::cerr);
  ::_exit(code);
}

std::string describe_current_exception() {
  const std::exception_ptr current = std::current_exception();
  if (!current) return "no exception";
  std::string type = readable(abi::__cxa_current_exception_type());
  try {
    std::rethrow_exception(current);
  } catch (const std::exception& error) {
    return type + ": " + error.what();
  } catch (...) {
    return type;
  }
}

void report_uncaught(std::string_view name) noexcept {
  try {
    std::string line = "troupe: ";
    line.append(name).append(" (").append(std::to_string(::getpid())).append("): ").append(describe_current_exception()).append("\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
  } catch (...) {  // no memory: the exit code must do
  }
}

}  // namespace troupe::detail
