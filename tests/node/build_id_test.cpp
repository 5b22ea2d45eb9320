// troupe: actors in processes. Apache-2.0, see LICENSE.
// A function's key is the same in every process of one build, differs between functions, and follows its module.
#include "catch.hpp"
#include "child.hpp"

#include <troupe/node/build_id.hpp>
#include <troupe/node/role.hpp>
#include <troupe/wire/error.hpp>

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

using namespace troupe;
using namespace troupe::detail;

namespace {

int first_function(int x) { return x + 1; }
int second_function(int x) { return x + 2; }

template <class Function>
CodeKey key_of(Function* function) {
  return code_key(reinterpret_cast<const void*>(function));
}

std::string text_of(const CodeKey& key) {
  std::ostringstream text;
  for (const auto byte : key.build) text << std::hex << int{byte} << ' ';
  text << int{key.build_bytes} << ' ' << key.offset << '\n';
  return text.str();
}

std::string all_keys() {
  const auto here = ::dlsym(RTLD_DEFAULT, "getpid");
  return text_of(key_of(first_function)) + text_of(key_of(second_function)) + text_of(code_key(here)) + build_id();
}

const ChildMain say_keys{"say_keys", [](int, char**) {
                           [[maybe_unused]] const auto role = take_role();
                           std::cout << all_keys();
                           return 0;
                         }};

}  // namespace

TEST_CASE("code_key knows functions of the program and of a shared library alike in another process of this program") {
  Launcher launcher;
  const Child child = launcher.start(child_of("say_keys"));

  CHECK(read_to_end(child.out) == all_keys());
  CHECK(reap(child.pidfd, 20s)->code == 0);
}

TEST_CASE("Keys of two functions differ in their offset, those of two modules in their build") {
  const auto first = key_of(first_function);
  const auto second = key_of(second_function);
  const auto library = code_key(::dlsym(RTLD_DEFAULT, "getpid"));

  CHECK(first != second);
  CHECK(first.build == second.build);
  CHECK(first.build != library.build);
  CHECK(first.build_bytes >= 8);
  CHECK(first == key_of(first_function));
  CHECK(std::hash<CodeKey>{}(first) != std::hash<CodeKey>{}(second));
}

TEST_CASE("build_id is the one in the program's file, in hexadecimal digits") {
  std::ifstream file{"/proc/self/exe", std::ios::binary};
  const std::string program{std::istreambuf_iterator<char>{file}, {}};
  const auto id = build_id();
  std::string raw;
  for (std::size_t i = 0; i + 1 < id.size(); i += 2) raw += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));

  CHECK(id.size() == 2u * key_of(first_function).build_bytes);
  CHECK(program.find(std::string{"GNU\0", 4} + raw) != std::string::npos);
}

TEST_CASE("code_key refuses an address in no module") {
  int local = 0;
  CHECK_THROWS_AS(code_key(&local), Misuse);
  CHECK_THROWS_AS(code_key(nullptr), Misuse);
}

TEST_CASE("A library without a build id is named with the option that mends it, and forgotten when it is unloaded") {
  // libutil is an empty shell nowadays: a copy of it whose note has another type stands for a library linked without one.
  void* original = ::dlopen("libutil.so.1", RTLD_NOW);
  if (original == nullptr) return;
  link_map* map = nullptr;
  REQUIRE(::dlinfo(original, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0);
  std::ifstream file{map->l_name, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  const auto with_id = code_key(map->l_ld);
  ::dlclose(original);
  const auto note = bytes.find(std::string{"\3\0\0\0GNU\0", 8});
  REQUIRE(note != std::string::npos);
  bytes[note] = 99;
  char path[] = "/tmp/troupe-test-XXXXXX.so";
  const Descriptor made{::mkstemps(path, 3)};
  REQUIRE(::write(made.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));

  void* library = ::dlopen(path, RTLD_NOW);
  REQUIRE(library != nullptr);
  REQUIRE(::dlinfo(library, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0);
  const void* inside = map->l_ld;
  CHECK_THROWS_WITH(code_key(inside), Catch::Contains(path) && Catch::Contains("-Wl,--build-id"));
  ::dlclose(library);
  ::unlink(path);

  CHECK(with_id.build_bytes > 0);
  CHECK_THROWS_WITH(code_key(inside), Catch::Contains("no loaded program"));
}
