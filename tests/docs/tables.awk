# troupe: actors in processes. Apache-2.0, see LICENSE.
# Makes a test program of a page: its blocks of C++ as they are, and of each table with a column "troupe" a test of its right cells.
# A cell is `code`, or `code` is `value`, or `code` throws `type`; anything else fails here.
function complain(what) {
  printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
  exit failed = 1
}
function statement(cell,    parts, count) {
  if (cell == "") return
  count = split(cell, parts, "`")
  if (count == 3 && parts[1] == "" && parts[3] == "") {
    print "  " parts[2] ";"
  } else if (count == 5 && parts[1] == "" && parts[5] == "" && parts[3] == " is ") {
    print "  CHECK((" parts[2] ") == " parts[4] ");"
  } else if (count == 5 && parts[1] == "" && parts[5] == "" && parts[3] == " throws ") {
    print "  CHECK_THROWS_AS((void)(" parts[2] "), " parts[4] ");"
  } else {
    complain("no code that can be tested: " cell)
  }
}
function end_of_table() {
  if (in_table) print "}"
  in_table = 0
}
/^```cpp$/ { in_code = 1; print "#line " FNR + 1 " \"" FILENAME "\""; next }
/^```/ { in_code = 0; next }
in_code { print; next }
/^## / { title = substr($0, 4) }
/^\| Python \| troupe \|$/ {
  printf "\nTEST_CASE(\"%s: %s\") {\n  Stage stage;\n  [[maybe_unused]] troupe::Node& node = stage.node;\n", page, title
  in_table = 1
  next
}
/^\|---/ { next }
/^\|/ && in_table {
  cells = split($0, cell, / *\| */)
  if (cells != 4) complain("a row has two cells, and neither holds a bar")
  print "#line " FNR " \"" FILENAME "\""
  statement(cell[3])
  ++statements
  next
}
{ end_of_table() }
END {
  if (failed) exit 1
  end_of_table()
  if (!statements) complain("no table with a column of troupe")
}
