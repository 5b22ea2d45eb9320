// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/report.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <unordered_map>
#include <utility>

#include <troupe/node/build_id.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/seat.hpp>
#include <troupe/node/session.hpp>
#include <troupe/wire/archive.hpp>

namespace troupe::detail {

namespace {

template <class T>
std::vector<std::uint8_t> part_of(const T& value) {
  Encoded encoded;
  encode(encoded, value);
  const auto* first = reinterpret_cast<const std::uint8_t*>(encoded.data());
  return {first, first + encoded.size()};
}

// The parts in the order in which they travel; a later version appends.
template <class Report, class Visit>
void each_part(Report& report, Visit visit) {
  visit(report.facts);
  visit(report.types);
  visit(report.actors);
  visit(report.seats);
  visit(report.links);
  visit(report.dead_letters);
  visit(report.last_dead_letters);
  visit(report.hosts);
}

std::int64_t milliseconds(Duration duration) { return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count(); }

NodeFacts facts_of(NodeCore& node) {
  NodeFacts facts;
  facts.node = node.id();
  facts.incarnation = node.incarnation();
  facts.pid = ::getpid();
  facts.host = node.host_name();
  facts.process = node.process_name();
  if (node.parent_session != nullptr) facts.parent = node.parent_session->peer();
  facts.build_id = build_id();
  facts.endpoint = node.endpoint();
  facts.uptime_ns = (node.clock().now() - node.began()).count();
  const ExecutorUse use = node.executor().use();
  facts.threads = use.threads;
  facts.blocked = use.blocked;
  facts.dropped_frames = node.links().refused_frames();
  return facts;
}

/// Goes through all actors of a node while they go on.
class ActorLines {
 public:
  explicit ActorLines(NodeReport& report) : report_{report} {}

  void add_all(std::vector<Counted<LocalCell>> waiting) {
    while (!waiting.empty()) {
      const Counted<LocalCell> cell = std::move(waiting.back());
      waiting.pop_back();
      for (auto& child : cell->children()) waiting.push_back(std::move(child));
      if (!cell->ended()) add(*cell);
    }
    report_.facts.actors = report_.actors.size();
    const auto fuller = [](const ActorLine& a, const ActorLine& b) {
      return a.waiting != b.waiting ? a.waiting > b.waiting : a.number < b.number;
    };
    if (report_.actors.size() <= most_actor_lines) return;
    std::nth_element(report_.actors.begin(), report_.actors.begin() + most_actor_lines, report_.actors.end(), fuller);
    report_.actors.resize(most_actor_lines);
  }

 private:
  void add(const LocalCell& cell) {
    const auto [type, fresh] = types_.try_emplace(&cell.behaviour(), static_cast<std::uint32_t>(report_.types.size()));
    if (fresh) report_.types.emplace_back(cell.behaviour().name());
    const LocalCell::Sight sight = cell.sight();
    report_.actors.push_back({cell.id(), type->second, sight.waiting, sight.handled, sight.incarnation, sight.in_turn,
                              sight.oldest < Duration::zero() ? -1 : milliseconds(sight.oldest)});
  }

  NodeReport& report_;
  std::unordered_map<const Behaviour*, std::uint32_t> types_;
};

}  // namespace

EncodedReport encode_report(const NodeReport& report) {
  EncodedReport encoded;
  each_part(report, [&](const auto& part) { encoded.parts.push_back(part_of(part)); });
  return encoded;
}

NodeReport decode_report(const EncodedReport& encoded) {
  NodeReport report;
  auto next = encoded.parts.begin();
  each_part(report, [&](auto& part) {
    if (next != encoded.parts.end()) decode_into(std::as_bytes(std::span{*next++}), part);
  });
  const bool named =
      std::all_of(report.actors.begin(), report.actors.end(), [&](const auto& each) { return each.type < report.types.size(); });
  if (!named) raise(ErrorType::malformed, "a report's actors are of types that it does not name");
  return report;
}

NodeReport report_to(const Session& asker, NodeCore& node) {
  NodeReport report;
  report.facts = facts_of(node);
  ActorLines{report}.add_all(node.roots());
  report.seats = node.seats().lines();
  for (const auto& session : node.links().all())
    if (session.get() != &asker) report.links.push_back(session->line());
  const DeadLetters& letters = node.dead_letter_box();
  for (std::size_t reason = 0; reason <= static_cast<std::size_t>(Errc::cancelled); ++reason)
    report.dead_letters.push_back(letters.count(static_cast<Errc>(reason)));
  const TimePoint now = node.clock().now();
  for (auto& [letter, time] : letters.last())
    report.last_dead_letters.push_back({std::move(letter.message), std::move(letter.target), static_cast<std::uint8_t>(letter.reason),
                                        std::move(letter.text), milliseconds(now - time)});
  report.hosts = node.router().described();
  return report;
}

AskedReport ask_for_report(NodeCore& here, NodeId node, const std::string& endpoint) {
  AskedReport asked{here.links().session({node, 0, 0}, endpoint),
                    Counted<TypedState<EncodedReport>>::adopt(TypedState<EncodedReport>::make(here))};
  const std::uint64_t ask = here.pending().add(*asked.answer, *asked.session);
  Encoded nothing{message_headroom};
  if (asked.session->try_send({.kind = EnvelopeKind::inspect, .ask = ask}, nothing) != Session::Sent::accepted)
    asked.answer->fail(asked.session->end_reason());
  here.flush_slice();
  return asked;
}

}  // namespace troupe::detail
