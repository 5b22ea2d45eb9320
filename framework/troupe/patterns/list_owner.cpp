// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/list_owner.hpp>

namespace troupe::detail {

std::shared_ptr<const ErrorInfo> no_such_item(const std::string& list) {
  ErrorInfo error = make_error(ErrorType::not_found, "the list '" + list + "' has no such item");
  error.actor = list;
  return std::make_shared<const ErrorInfo>(std::move(error));
}

}  // namespace troupe::detail
