// troupe: actors in processes. Apache-2.0, see LICENSE.
// Main functions for children of a test program: it starts itself again, with the function's name in the environment.
#pragma once

#include <string_view>

/// Defines a main function for children, at namespace scope: `const ChildMain echo{"echo", [](int, char**) { return 0; }};`
/// A child started with the environment variable `variable` set to its name runs it in place of the tests. It must not use Catch.
class ChildMain {
 public:
  using Function = int (*)(int, char**);
  static constexpr const char* variable = "TROUPE_TEST_CHILD";

  ChildMain(const char* name, Function run) : name_{name}, run_{run}, next_{first_} { first_ = this; }
  ChildMain(const ChildMain&) = delete;
  ChildMain& operator=(const ChildMain&) = delete;

  /// The function of that name, or null.
  static Function find(std::string_view name) {
    for (const ChildMain* entry = first_; entry != nullptr; entry = entry->next_)
      if (name == entry->name_) return entry->run_;
    return nullptr;
  }

 private:
  const char* name_;
  Function run_;
  const ChildMain* next_;
  static inline const ChildMain* first_ = nullptr;
};
