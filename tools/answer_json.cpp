// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "answer_json.hpp"

#include <ostream>

namespace troupe::tools {

Json to_json(const Answer& answer) {
  Json json{
      {"node", to_text(answer.node.id)}, {"pid", answer.node.pid}, {"process", answer.process}, {"answered", answer.report.has_value()}};
  if (!answer.report) {
    json["problem"] = answer.problem;
    return json;
  }
  const auto& facts = answer.report->facts;
  json["host"] = facts.host;
  json["parent"] = facts.parent == troupe::NodeId{} ? Json{} : Json(to_text(facts.parent));
  json["endpoint"] = facts.endpoint;
  json["build"] = facts.build_id;
  json["uptime_s"] = static_cast<double>(facts.uptime_ns) / 1e9;
  json["threads"] = facts.threads;
  json["blocked_handlers"] = facts.blocked;
  json["dropped_frames"] = facts.dropped_frames;
  return json;
}

void print_json(std::ostream& out, const Json& json) { out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n'; }

}  // namespace troupe::tools
