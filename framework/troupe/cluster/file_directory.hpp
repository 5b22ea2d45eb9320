// troupe: actors in processes. Apache-2.0, see LICENSE.
// Names as files of one host: see NameFile.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <troupe/cluster/directory.hpp>
#include <troupe/cluster/name_file.hpp>
#include <troupe/cluster/name_listeners.hpp>
#include <troupe/node/clock.hpp>

namespace troupe::detail {

/// Who waits for a name hears of it within 10 ms, who listens to all within 100 ms.
class FileDirectory final : public Directory {
 public:
  Future<void> publish(const std::string& name, const NameBytes& bytes) override;
  Future<void> unpublish(const std::string& name) override;
  Future<NameBytes> find(const std::string& name) override;
  Future<NameBytes> await(const std::string& name) override;
  Future<std::vector<NameChange>> changes(Since since) override;

 private:
  void look();
  void look_at_all();
  void look_again();

  std::map<std::string, NameFile> published_;
  NameListeners listeners_;
  bool looks_again_ = false;
  TimePoint next_look_at_all_{};
};

}  // namespace troupe::detail
