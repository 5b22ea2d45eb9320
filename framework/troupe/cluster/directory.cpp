// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/cluster/directory.hpp>

#include <utility>

namespace troupe::detail {

void check_name(const std::string& name) {
  constexpr const char* usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.empty() || name.size() > longest_name || name.find_first_not_of(usual) != std::string::npos)
    throw Misuse{"'" + name + "' is no name for others to find: up to 100 letters, digits, dots, hyphens and underscores"};
}

namespace {

std::shared_ptr<const ErrorInfo> error(ErrorType type, std::string what) {
  return std::make_shared<const ErrorInfo>(make_error(type, std::move(what)));
}

}  // namespace

std::shared_ptr<const ErrorInfo> name_not_found(const std::string& name) {
  return error(ErrorType::not_found, "nobody has the name '" + name + "'");
}

std::shared_ptr<const ErrorInfo> name_refused(const std::string& name, const std::string& why) {
  return error(ErrorType::refused, "the name '" + name + "' cannot be had: " + why);
}

std::shared_ptr<const ErrorInfo> name_not_published(const std::string& name) {
  return error(ErrorType::not_found, "the name '" + name + "' is none that this node has published");
}

}  // namespace troupe::detail
