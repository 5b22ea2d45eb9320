#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Breaks each rule of line.sh once, in a scratch tree, and expects it to be named with file and line: line_test.sh ROOT
set -u
root=${1:?usage: line_test.sh ROOT}
line=$root/tests/house/line.sh
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failed=0

fresh() {
  rm -rf "$scratch/tree"
  mkdir -p "$scratch"/tree/framework/troupe/{wire,transport,node,actor,patterns} "$scratch/tree/transports" "$scratch/tree/framework/install"
  cp "$root/framework/install/public_headers.cmake" "$scratch/tree/framework/install/"
  write framework/troupe/wire/error.hpp '#include <cereal/cereal.hpp>'
  write framework/troupe/node/node.hpp '#include <troupe/wire/error.hpp>'
  write framework/troupe/node/epoll.hpp '#include <sys/epoll.h>'  # private: the umbrella does not reach it
  write framework/troupe/troupe.hpp '#include <troupe/node/node.hpp>'
  write framework/troupe/testing.hpp '#include <troupe/node/node.hpp>'
  write transports/zmq_socket.cpp '#include <zmq.hpp>'
}
write() {  # FILE TEXT: the text becomes line 3
  printf '// troupe: actors in processes. Apache-2.0, see LICENSE.\n// A file.\n%s\n' "$2" >"$scratch/tree/$1"
}
expect() {  # RULE REPORT
  local said
  if said=$("$line" "$scratch/tree" 2>&1); then
    echo "not noticed: $1"; failed=1
  elif [[ $said != *"$2"* ]]; then
    echo "for '$1' expected '$2', it said: $said"; failed=1
  fi
}

fresh
said=$("$line" "$scratch/tree") || { echo "a tree in order is refused: $said"; failed=1; }

fresh; write framework/troupe/wire/error.hpp '#include <troupe/node/node.hpp>'
expect "backwards" "framework/troupe/wire/error.hpp:3: against the line"
fresh; write framework/troupe/node/node.cpp '#include <troupe/patterns/queue.hpp>'
expect "backwards by several rooms" "framework/troupe/node/node.cpp:3: against the line"
fresh; write framework/troupe/node/node.cpp '#include <transports/tcp.hpp>'
expect "framework includes transports" "framework/troupe/node/node.cpp:3: framework/ includes transports/"
fresh; write framework/troupe/node/node.cpp '#include "../wire/error.hpp"'
expect "a relative include" "framework/troupe/node/node.cpp:3: not of the form"
fresh; write framework/troupe/actor/ref.hpp '#include <troupe/troupe.hpp>'
expect "the umbrella" "framework/troupe/actor/ref.hpp:3: the umbrella"
fresh; mkdir "$scratch/tree/framework/troupe/extra"; write framework/troupe/extra/thing.hpp '#include <vector>'
expect "a room that is none" "framework/troupe/extra/thing.hpp:3: not in a room"
fresh; write transports/tcp.cpp '#include <zmq.hpp>'
expect "ZeroMQ elsewhere" "transports/tcp.cpp:3: ZeroMQ"
fresh; write framework/troupe/node/node.cpp '#include <cereal/archives/binary.hpp>'
expect "Cereal elsewhere" "framework/troupe/node/node.cpp:3: Cereal"
fresh; write framework/troupe/node/node.cpp '#include <curl/curl.h>'
expect "curl elsewhere" "framework/troupe/node/node.cpp:3: a dependency of etcd/"
fresh; write framework/troupe/wire/error.hpp '#include <sys/socket.h>'
expect "a public header with system names" "framework/troupe/wire/error.hpp:3: in a public header"
fresh; write framework/troupe/wire/error.hpp '#include <troupe/wire/lost.hpp>'
expect "a public header that does not exist" "troupe/wire/lost.hpp"
fresh; echo 'int x;' >"$scratch/tree/framework/troupe/wire/error.hpp"
expect "no head" "framework/troupe/wire/error.hpp:1: the head"
fresh; write framework/troupe/wire/error.cpp "$(printf '\n%.0s' $(seq 400); echo '//')"
expect "too long" "framework/troupe/wire/error.cpp:401: over 400"
fresh; write framework/troupe/wire/string_utils.hpp ''
expect "a name that says nothing" "framework/troupe/wire/string_utils.hpp:1: a name"
fresh; mkdir -p "$scratch/tree/tests/wire"; write tests/wire/name_test.cpp 'TEST_CASE("one thing; another") {'
expect "a semicolon in a name" "tests/wire/name_test.cpp:3: ctest splits"
fresh; mkdir "$scratch/tree/third_party"
expect "a top level entry" "third_party:1: not an entry"
[ $failed = 0 ]
