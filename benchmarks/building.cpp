// troupe: actors in processes. Apache-2.0, see LICENSE.
// What troupe costs a user's build: seconds of compiling, bytes of program.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "benchmarks/measurements.hpp"

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr const char* hello = TROUPE_SOURCE_DIR "/samples/hello.cpp";

// Of processes that have ended: a compiler has one thread, so on a quiet machine this is the time that the user waits.
double children_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// A directory that goes with it.
class Workshop {
 public:
  Workshop() { fs::create_directories(path_); }
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
  // As a Release build of a user's project, without ccache.
  double compile(const std::string& arguments) const {
    const std::string log = file("log");
    const double before = children_cpu_seconds();
    if (std::system(
            (TROUPE_COMPILER " -std=c++20 -O3 -DNDEBUG -I " TROUPE_SOURCE_DIR "/framework " + arguments + " >" + log + " 2>&1").c_str()) !=
        0)
      throw std::runtime_error{"the compiler failed: " + first_line(log)};
    return children_cpu_seconds() - before;
  }

 private:
  static std::string first_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
  }
  const fs::path path_ = fs::temp_directory_path() / ("troupe-bench-" + std::to_string(::getpid()));
};

}  // namespace

double compile_hello(const Run&) {
  const Workshop shop;
  return shop.compile(std::string{"-c "} + hello + " -o " + shop.file("hello.o"));
}

double compile_header(const Run&) {
  const Workshop shop;
  std::ofstream{shop.file("header.cpp")} << "#include <troupe/troupe.hpp>\n";
  return shop.compile("-c " + shop.file("header.cpp") + " -o " + shop.file("header.o"));
}

double hello_stripped(const Run&) {
  const Workshop shop;
  shop.compile(std::string{hello} + " -s -o " + shop.file("hello") + " " TROUPE_LIBRARY " -lzmq -pthread");
  return static_cast<double>(fs::file_size(shop.file("hello")));
}

}  // namespace bench
