#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# The programs of a page, blocks of C++ that begin with their file's name: program.sh source PAGE NAME prints one,
# program.sh check PAGE NAME PROGRAM runs it and compares what it prints with the block of text behind it.
set -eu
block() {  # of NAME: the code, or the text that follows
  awk -v name="// $2" -v want="$1" '
    /^```cpp$/ { code = 1; first = 1; next }
    /^```text$/ && found { text = 1; next }
    /^```$/ { if (text) exit; code = 0; next }
    code && first { first = 0; found = ($0 == name) }
    code && found && want == "code" { print }
    text && want == "text" { print }' "$3"
}
case $1 in
  source) block code "$3" "$2" ;;
  check) diff <(block text "$3" "$2") <("$4") ;;
esac
