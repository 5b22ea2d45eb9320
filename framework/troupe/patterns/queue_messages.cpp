// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/queue_messages.hpp>

#include <utility>

namespace troupe::detail {

namespace {

QueueErrors::Info info(ErrorType type, const std::string& name, const char* text) {
  ErrorInfo error = make_error(type, "the queue '" + name + "' " + text);
  error.actor = name;
  return std::make_shared<const ErrorInfo>(std::move(error));
}

}  // namespace

QueueErrors::QueueErrors(const std::string& name)
    : full{info(ErrorType::full, name, "has no room within the patience: nothing was added")},
      empty{info(ErrorType::timeout, name, "had no item within the patience: nothing was taken")},
      closed{info(ErrorType::closed, name, "is closed: nothing was added")},
      at_end{info(ErrorType::end_of_stream, name, "is closed, and everything in it was taken")},
      unfinished{info(ErrorType::timeout, name, "has items within the patience for which task_done was not called")},
      done_too_often{info(ErrorType::misuse, name, "had no item any more for which task_done could be called")} {}

QueueErrors::Info closed_within(std::size_t admitted, std::size_t all) {
  return std::make_shared<const ErrorInfo>(make_error(
      ErrorType::closed,
      "the queue was closed: " + std::to_string(admitted) + " of " + std::to_string(all) + " items were added before, the rest not",
      Executed::unknown));
}

void QueueWindow::save(OutArchive& archive) const {
  archive(lease, static_cast<std::uint64_t>(items.size() + count));
  for (const Item& item : items) archive(item);
  for (std::size_t i = 0; i < count; ++i) archive((*kept)[i]);
}

void QueueWindow::load(InArchive& archive) {
  std::uint64_t size = 0;
  archive(lease, size);
  for (std::uint64_t i = 0; i < size; ++i) archive(items.emplace_back());  // each takes bytes: the count is not believed
}

}  // namespace troupe::detail
