// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "print.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <string_view>
#include <utility>

#include "progress.hpp"

namespace wordcount {

namespace {

using Frequency = std::pair<std::string_view, std::uint64_t>;

/// The most frequent first; equally frequent ones by their bytes.
std::vector<Frequency> most_frequent(const Words& words, std::size_t top) {
  std::vector<Frequency> all(words.begin(), words.end());
  const auto before = [](const Frequency& left, const Frequency& right) {
    return left.second != right.second ? left.second > right.second : left.first < right.first;
  };
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(top, all.size()));
  std::partial_sort(all.begin(), end, all.end(), before);
  all.erase(end, all.end());
  return all;
}

Counted sum_of(const std::vector<Share>& shares) {
  Counted sum;
  for (const Share& share : shares) {
    sum.files += share.counted.files;
    sum.bytes += share.counted.bytes;
    sum.words += share.counted.words;
  }
  return sum;
}

}  // namespace

void print_text(std::ostream& out, const Outcome& outcome, std::size_t top, double seconds) {
  for (const auto& [word, count] : most_frequent(outcome.words, top)) out << std::setw(7) << count << ' ' << word << '\n';

  const Counted sum = sum_of(outcome.shares);
  const double rate = seconds > 0 ? static_cast<double>(sum.bytes) / seconds : 0;
  out << std::fixed << std::setprecision(2) << '\n'
      << sum.words << " words, " << outcome.words.size() << " different, in " << sum.files << " files of "
      << readable_bytes(static_cast<double>(sum.bytes)) << "; " << outcome.skipped.size() << " skipped; " << seconds << " s, "
      << readable_bytes(rate) << "/s\n";
  const bool several_hosts = std::any_of(outcome.shares.begin(), outcome.shares.end(),
                                         [&](const Share& each) { return each.worker.host != outcome.shares.front().worker.host; });
  for (std::size_t i = 0; i < outcome.shares.size(); ++i) {
    const auto& [worker, counted, died] = outcome.shares[i];
    out << "worker " << i + 1 << " (" << (several_hosts ? worker.host + ", " : "") << "pid " << worker.pid << "): ";
    if (!died.empty()) {
      out << "lost: " << died << '\n';
      continue;
    }
    out << counted.files << " files, " << readable_bytes(static_cast<double>(counted.bytes)) << ", " << counted.words << " words in "
        << counted.seconds << " s\n";
  }
}

void print_json(std::ostream& out, const Outcome& outcome, std::size_t top, double seconds) {
  using Json = nlohmann::ordered_json;
  const Counted sum = sum_of(outcome.shares);
  Json json{{"files", sum.files}, {"bytes", sum.bytes},   {"words", sum.words},       {"different", outcome.words.size()},
            {"seconds", seconds}, {"top", Json::array()}, {"workers", Json::array()}, {"skipped", Json::array()}};
  for (const auto& [word, count] : most_frequent(outcome.words, top)) json["top"].push_back({{"word", word}, {"count", count}});
  for (const auto& [worker, counted, died] : outcome.shares) {
    json["workers"].push_back({{"pid", worker.pid},
                               {"host", worker.host},
                               {"files", counted.files},
                               {"bytes", counted.bytes},
                               {"words", counted.words},
                               {"seconds", counted.seconds},
                               {"lost", died.empty() ? Json{} : Json{died}}});
  }
  for (const Skipped& skipped : outcome.skipped) json["skipped"].push_back({{"path", skipped.path}, {"reason", skipped.reason}});
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace wordcount
