// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/depot.hpp>

#include <exception>
#include <span>

#include <troupe/node/core.hpp>

namespace troupe::detail {

Future<std::string> Depot::on(const BytesWanted& wanted) {
  const Key key{wanted.source.pointer()->address(), wanted.id};
  const auto next = stocks_.lower_bound({key.source, 0});
  const bool stranger = next == stocks_.end() || next->first.source != key.source;
  Stock& stock = stocks_[key];
  if (!stock.segment.empty()) return ready_future(stock.segment);
  auto future = stock.waiting.emplace_back().future();
  if (stock.waiting.size() > 1) return future;
  if (stranger) watch(wanted.source);
  wanted.source.ask(BytesAsked{wanted.id}, forever).then([this, key](const Result<std::vector<std::uint8_t>>& bytes) { came(key, bytes); });
  return future;
}

void Depot::came(const Key& key, const Result<std::vector<std::uint8_t>>& bytes) {
  const auto stock = stocks_.find(key);
  if (stock == stocks_.end()) return;
  auto waiting = std::exchange(stock->second.waiting, {});
  try {
    if (!bytes) raise(bytes.error_info());
    stock->second.segment = node().core().segments().keep(std::as_bytes(std::span{*bytes})).name();
    for (auto& each : waiting) each.set_value(stock->second.segment);
  } catch (const Error& error) {
    drop(stock);
    for (auto& each : waiting) each.set_error(error);
  }
}

void Depot::on(const BytesForgotten& forgotten) {
  const auto stock = stocks_.find({forgotten.source.pointer()->address(), forgotten.id});
  if (stock != stocks_.end() && stock->second.waiting.empty()) drop(stock);
}

void Depot::on(const Down& down) {
  for (auto stock = stocks_.lower_bound({down.address, 0}); stock != stocks_.end() && stock->first.source == down.address;) drop(stock++);
}

void Depot::on_stop() {
  while (!stocks_.empty()) drop(stocks_.begin());
}

// Who waits hears that its promise is broken.
void Depot::drop(std::map<Key, Stock>::iterator stock) {
  if (!stock->second.segment.empty()) node().core().segments().remove(stock->second.segment);
  stocks_.erase(stock);
}

}  // namespace troupe::detail
