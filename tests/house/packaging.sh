#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Uses troupe as other projects do and runs their hello: packaging.sh ROOT BUILD_DIR find_package|pkg_config|shared|fetch_content
#   find_package, pkg_config  the build of BUILD_DIR, installed into a scratch prefix
#   fetch_content             the source tree as a part of a project, which is built in BUILD_DIR/fetched
#   shared                    the same with a shared troupe, installed: by both ways, and what it shows is looked through. After
#                             fetch_content: it links what that has compiled
set -euo pipefail
root=$1 build=$2 way=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
consumer=$root/tests/house/consumer
# The compiler and its launcher of the build under test.
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt" | head -1; }
compiler=$(cached CMAKE_CXX_COMPILER)
# Unoptimised: half the time.
same=(-G Ninja "-DCMAKE_CXX_COMPILER=$compiler" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0)
ccache=$(cached TROUPE_CCACHE)
[ ! -x "$ccache" ] || same+=("-DCMAKE_CXX_COMPILER_LAUNCHER=$ccache")

quietly() {  # COMMAND...: its output only when it fails
  "$@" >"$scratch/log" 2>&1 || { echo "failed: $*"; tail -40 "$scratch/log"; exit 1; }
}

says_hello() {  # PROGRAM
  local said
  said=$(timeout 20 "$1") || { echo "$1 ended with $?"; exit 1; }
  [ "$said" = "hello, world" ] || { echo "$1 said '$said'"; exit 1; }
  echo "ok: ${1#"$scratch/"}"
}

by_find_package() {  # PREFIX
  quietly cmake -S "$consumer" -B "$scratch/by_find_package" "${same[@]}" "-DCMAKE_PREFIX_PATH=$1"
  quietly cmake --build "$scratch/by_find_package"
  grep -q "^troupe_DIR:PATH=$1/" "$scratch/by_find_package/CMakeCache.txt" || { echo "found another troupe"; exit 1; }
  says_hello "$scratch/by_find_package/hello"
  [ -z "$(find "$1" -name troupe_etcdTargets.cmake)" ] || says_hello "$scratch/by_find_package/named"
}

by_pkg_config() {  # PREFIX
  local flags libdir
  libdir=$(dirname "$(find "$1" -name troupe.pc)")
  flags=$(PKG_CONFIG_PATH=$libdir pkg-config --cflags --libs troupe)
  # shellcheck disable=SC2086  # flags are words
  quietly "$compiler" -std=c++20 -o "$scratch/by_pkg_config" "$consumer/hello.cpp" "$consumer/send.cpp" $flags "-Wl,-rpath,${libdir%/pkgconfig}"
  says_hello "$scratch/by_pkg_config"
}

only_public() {  # PREFIX: headers that troupe.hpp reaches, and nothing else
  local strangers
  strangers=$(find "$1/include" -type f ! -path '*/include/troupe/*.hpp')
  [ -z "$strangers" ] || { echo "installed: $strangers"; exit 1; }
  if grep -rnE '#include *<(zmq|transports/)' "$1/include"; then exit 1; fi
}

hides_the_rest() {  # LIBRARY: a shared one shows names of troupe only
  local library=$1 shown
  shown=$(nm -DC --defined-only "$library" | sed -E 's/^[0-9a-f]* [A-Za-z] //' |
    grep -vE '(^|[ *&>])troupe::|^(vtable|typeinfo|typeinfo name|VTT|guard variable|non-virtual thunk|virtual thunk) (for|to) troupe::' || true)
  [ -z "$shown" ] || { echo "shown besides troupe:: $(wc -l <<<"$shown") names:"; head -20 <<<"$shown"; exit 1; }
  grep -q 'troupe::' <(nm -DC --defined-only "$library") || { echo "shows nothing of troupe"; exit 1; }
}

build_fetched() {  # ON|OFF: whether troupe is shared
  quietly cmake -S "$consumer" -B "$build/fetched" "${same[@]}" "-DTROUPE_SOURCE=$root" "-DBUILD_SHARED_LIBS=$1" "-DTROUPE_INSTALL=$1"
  quietly cmake --build "$build/fetched"
  says_hello "$build/fetched/hello"
  [ -z "$(find "$build/fetched" -name 'libtroupe_etcd.*')" ] || says_hello "$build/fetched/named"
}

case $way in
  find_package | pkg_config)
    quietly cmake --install "$build" --prefix "$scratch/prefix"
    only_public "$scratch/prefix"
    "by_$way" "$scratch/prefix"
    ;;
  shared)
    build_fetched ON
    quietly cmake --install "$build/fetched" --prefix "$scratch/prefix"
    only_public "$scratch/prefix"
    find "$scratch/prefix" -name 'libtroupe*.so' | while read -r library; do hides_the_rest "$library"; done
    by_find_package "$scratch/prefix"
    by_pkg_config "$scratch/prefix"
    ;;
  fetch_content) build_fetched OFF ;;
  *) echo "unknown way: $way"; exit 2 ;;
esac
