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

void assign(std::string& text, std::string_view variable, std::string_view value) {
  text.append(variable).append("=").append(shell_word(value)).append("\n");
}

void assign_arguments(std::string& text, const std::vector<std::string>& words) {
  text += "set --";
  for (std::size_t i = 1; i < words.size(); ++i) text += ' ' + shell_word(words[i]);
  text += '\n';
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
  assign(text, "nonce", task.nonce);
  assign(text, "name", task.name);
  assign(text, "slots", std::to_string(task.slots));
  assign(text, "labels", labels);
  assign(text, "input", to_string(task.input));
  assign(text, "program", task.program);
  assign(text, "folder", task.folder);
  assign(text, "checksum", task.checksum);
  assign(text, "key_bytes", std::to_string(task.key_bytes));
  assign(text, "program_bytes", std::to_string(task.program_bytes));
  assign_arguments(text, task.words);
  return text.append(host_sh);
}

std::string task_script(std::string_view nonce, std::string_view program, const std::vector<std::string>& words, std::size_t key_bytes) {
  std::string text;
  assign(text, "nonce", nonce);
  assign(text, "program", program);
  assign(text, "key_bytes", std::to_string(key_bytes));
  assign_arguments(text, words);
  return text.append(task_sh);
}

std::string reading_command(std::string_view script, int descriptor) {
  return "eval \"$(head -c " + std::to_string(script.size()) + " <&" + std::to_string(descriptor) + ")\"";
}

}  // namespace troupe::tools
