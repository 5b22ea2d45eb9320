// troupe: actors in processes. Apache-2.0, see LICENSE.
#include "tools/run/host_script.hpp"

#include "tools/run/scripts.hpp"

namespace troupe::tools {

namespace {

std::string_view to_string(Input input) {
  switch (input) {
    case Input::sent:
      return "sent";
    case Input::none:
      return "none";
    case Input::terminal:
      return "terminal";
  }
  return "";
}

}  // namespace

std::string shell_word(std::string_view word) {
  std::string result = "'";
  for (const char c : word) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + '\'';
}

std::string host_script(const HostTask& task) {
  std::string labels;
  for (const std::string& label : task.labels) labels += (labels.empty() ? "" : ",") + label;
  std::string text;
  const auto assign = [&](std::string_view variable, std::string_view value) {
    text.append(variable).append("=").append(shell_word(value)).append("\n");
  };
  assign("nonce", task.nonce);
  assign("name", task.name);
  assign("slots", std::to_string(task.slots));
  assign("labels", labels);
  assign("input", to_string(task.input));
  assign("program", task.program);
  assign("folder", task.folder);
  assign("checksum", task.checksum);
  assign("key_bytes", std::to_string(task.key_bytes));
  assign("program_bytes", std::to_string(task.program_bytes));
  text += "set --";
  for (const std::string& argument : task.arguments) text += ' ' + shell_word(argument);
  return text.append("\n").append(host_sh);
}

std::string reading_command(std::string_view script) { return "eval \"$(head -c " + std::to_string(script.size()) + " <&3)\""; }

}  // namespace troupe::tools
