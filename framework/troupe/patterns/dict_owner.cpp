// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/patterns/dict_owner.hpp>

namespace troupe::detail {

std::shared_ptr<const ErrorInfo> no_such_key(const std::string& dict) {
  ErrorInfo error = make_error(ErrorType::not_found, "the dict '" + dict + "' has no such key");
  error.actor = dict;
  return std::make_shared<const ErrorInfo>(std::move(error));
}

}  // namespace troupe::detail
