// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "files.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace wordcount {

namespace {

namespace fs = std::filesystem;

/// Files of a portion: an empty file takes time too.
constexpr std::size_t max_slices = 256;

class Finder {
 public:
  void visit(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (error) return skip(path, error.message());
    if (fs::is_directory(status)) return visit_folder(path);
    if (!fs::is_regular_file(status)) return skip(path, "neither a file nor a folder");
    add_file(path);
  }

  Work take() {
    close_portion();
    return std::move(work_);
  }

 private:
  void visit_folder(const std::string& root) {
    std::vector<fs::path> folders{root};
    while (!folders.empty()) {
      const fs::path folder = std::move(folders.back());
      folders.pop_back();
      std::error_code error;
      for (auto entry = fs::directory_iterator{folder, error}; !error && entry != fs::directory_iterator{}; entry.increment(error)) {
        std::error_code of_entry;
        const fs::file_type type = entry->symlink_status(of_entry).type();
        if (type == fs::file_type::directory) folders.push_back(entry->path());
        if (type == fs::file_type::regular) add_file(entry->path().string());
      }
      if (error) skip(folder.string(), error.message());
    }
  }

  void add_file(const std::string& path) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (error) return skip(path, error.message());
    ++work_.files;
    work_.bytes += size;
    for (std::uint64_t begin = 0; begin == 0 || begin < size; begin += portion_bytes)
      add_slice({path, begin, std::min(size, begin + portion_bytes)});
  }

  void add_slice(Slice slice) {
    const std::uint64_t bytes = slice.end - slice.begin;
    if (bytes_ + bytes > portion_bytes || open_.slices.size() == max_slices) close_portion();
    bytes_ += bytes;
    open_.slices.push_back(std::move(slice));
  }

  void close_portion() {
    if (!open_.slices.empty()) work_.portions.push_back(std::exchange(open_, {}));
    bytes_ = 0;
  }

  void skip(const std::string& path, std::string reason) { work_.skipped.push_back({path, std::move(reason), true}); }

  Work work_;
  Count open_;
  std::uint64_t bytes_ = 0;  // of open_
};

}  // namespace

Work find_work(const std::vector<std::string>& paths) {
  Finder finder;
  for (const std::string& path : paths) finder.visit(path);
  return finder.take();
}

}  // namespace wordcount
