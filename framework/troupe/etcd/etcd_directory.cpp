// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/etcd_directory.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

// Work of the loop is copied, a promise cannot be.
template <class T>
std::shared_ptr<Promise<T>> make_promise() {
  return std::make_shared<Promise<T>>();
}

}  // namespace

EtcdDirectory::EtcdDirectory(const Options& options)
    : prefix_{options.prefix},
      loop_{options},
      members_{loop_, options},
      lease_{loop_, members_, options.lease, [this] { claims_.settle(); }},
      claims_{loop_, members_, lease_, prefix_},
      stream_{loop_, members_, lease_, prefix_} {}

EtcdDirectory::~EtcdDirectory() {
  leave(std::chrono::seconds{1});
  loop_.stop();
}

void EtcdDirectory::leave(Duration patience) noexcept {
  const auto left = std::make_shared<std::promise<void>>();
  loop_.post([this, patience, left] { lease_.end(patience, [left] { left->set_value(); }); });
  (void)left->get_future().wait_for(patience);
}

Future<void> EtcdDirectory::publish(const std::string& name, const NameBytes& bytes) {
  const auto done = make_promise<void>();
  auto future = done->future();
  loop_.post([this, name, bytes, done] { claims_.publish(name, bytes, std::move(*done)); });
  return future;
}

Future<void> EtcdDirectory::unpublish(const std::string& name) {
  const auto done = make_promise<void>();
  auto future = done->future();
  loop_.post([this, name, done] { claims_.unpublish(name, std::move(*done)); });
  return future;
}

Future<NameBytes> EtcdDirectory::find(const std::string& name) {
  const auto found = make_promise<NameBytes>();
  auto future = found->future();
  loop_.post([this, name, found] {
    members_.ask<KeyValues>(get(prefix_ + name), &read_values, [name, found](const Result<KeyValues>& values) {
      if (!values) return found->set_error(values.error_info());
      if (values->all.empty()) return found->set_error(name_not_found(name));
      found->set_value(values->all.front().value);
    });
  });
  return future;
}

Future<NameBytes> EtcdDirectory::await(const std::string& name) {
  const auto found = make_promise<NameBytes>();
  auto future = found->future();
  loop_.post([this, name, found] { stream_.await(name, std::move(*found)); });
  return future;
}

Future<std::vector<NameChange>> EtcdDirectory::changes(Since since) {
  const auto changes = make_promise<std::vector<NameChange>>();
  auto future = changes->future();
  loop_.post([this, since, changes] { stream_.listen(since, std::move(*changes)); });
  return future;
}

}  // namespace troupe::etcd::detail
