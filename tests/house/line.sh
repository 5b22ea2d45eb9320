#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Checks the shape of the tree and names file and line of whatever breaks it: line.sh ROOT
#
# wire <- transport <- node <- actor <- cluster <- patterns <- testing, etcd, never backwards; framework/ never includes transports/.
# shellcheck disable=SC2016  # dollars belong to awk
set -u
cd "${1:?usage: line.sh ROOT}" || exit 2
export LC_ALL=C.UTF-8
report=$(mktemp) || exit 2
trap 'rm -f "$report"' EXIT

sources() { find "$@" -type f \( -name '*.hpp' -o -name '*.cpp' \) 2>/dev/null | sort; }

# What may include what.
sources framework transports samples tools | xargs -r awk '
  function wrong(why) { print FILENAME ":" FNR ": " why ": " $0 }
  function rank(room) { return room in order ? order[room] : 0 }
  BEGIN { split("wire transport node actor cluster patterns testing etcd", rooms, " "); for (i in rooms) order[rooms[i]] = i }
  !/^ *# *include *[<"]/ { next }
  {
    match($0, /[<"][^>"]+/); target = substr($0, RSTART + 1, RLENGTH - 1)
    split(FILENAME, at, "/"); split(target, to, "/")
    inside = at[1] == "framework"
    if (inside && target ~ /^(\.\.\/)*transports\//) wrong("framework/ includes transports/")
    if (inside && target ~ /^\.\.?\// || inside && $0 ~ /include *"/) wrong("not of the form <troupe/ROOM/NAME.hpp>")
    if (inside && at[3] != "troupe.hpp" && target == "troupe/troupe.hpp") wrong("the umbrella is for users")
    if (inside && rank(at[3]) && to[1] == "troupe" && rank(to[2]) > rank(at[3])) wrong("against the line, " at[3] " includes " to[2])
    if (inside && at[3] != "troupe.hpp" && at[3] != "testing.hpp" && !rank(at[3])) wrong("not in a room of the line")
    if (target ~ /^zmq\./ && FILENAME !~ /^transports\/zmq_socket\./) wrong("ZeroMQ outside of transports/zmq_socket")
    if (inside && at[3] != "etcd" && target ~ /^(curl|nlohmann)\//) wrong("a dependency of etcd/ outside of it")
    if (target ~ /^cereal\// && FILENAME !~ /^framework\/troupe\/wire\//) wrong("Cereal outside of wire/")
  }' >>"$report"

# Headers that would bring names such as send, kill or poll into every user's program.
if [ -f framework/troupe/troupe.hpp ]; then
  cmake -D source="$PWD/framework" -P framework/install/public_headers.cmake 2>>"$report" | sed 's#^#framework/#' | xargs -r awk '
    /^ *# *include *<(sys\/.*|c?signal(\.h)?|poll\.h)>/ { print FILENAME ":" FNR ": in a public header: " $0 }
    /^ *# *include *<transports\// { print FILENAME ":" FNR ": in a public header: " $0 }' >>"$report"
fi

sources framework transports samples tests benchmarks tools | xargs -r awk '
  FNR == 1 && $0 != "// troupe: actors in processes. Apache-2.0, see LICENSE." { print FILENAME ":1: the head is missing" }
  # A source beside its header has its job told there.
  FNR == 2 && !/^\/\/ ./ && !(FILENAME ~ /cpp$/ && (getline < (substr(FILENAME, 1, length(FILENAME) - 3) "hpp")) >= 0) { print FILENAME ":2: the sentence on the job of this file is missing" }
  FILENAME ~ /^tests\// && /TEST_CASE(_METHOD)?\([^"]*"[^"]*;/ { print FILENAME ":" FNR ": ctest splits a name at its semicolon" }
  FNR == 401 { print FILENAME ":401: over 400 lines, split it" }' >>"$report"

sources framework transports samples tests benchmarks tools |
  grep -E '/[^/]*(utils?|common|impl|manager|helpers?|misc)[^/]*\.[hc]pp$' | sed 's/$/:1: a name that says nothing/' >>"$report"

allowed='framework transports samples tests benchmarks tools docs CMakeLists.txt README.md LICENSE CHANGELOG.md CMakePresets.json
  .clang-format .clang-tidy .gitignore .ci dev .git build out compile_commands.json .cache CMakeUserPresets.json'
shopt -s nullglob
for entry in * .[!.]*; do
  case " ${allowed//$'\n'/ } " in *" $entry "*) ;; *) echo "$entry:1: not an entry of the top level" >>"$report" ;; esac
done

cat "$report"
[ ! -s "$report" ]
