# troupe: actors in processes. Apache-2.0, see LICENSE.
# How tests run in a sanitizer build: reports, those of child processes too, become files, and a file fails the run.
set(reports ${PROJECT_BINARY_DIR}/reports)
set(supp ${CMAKE_CURRENT_SOURCE_DIR}/tsan.supp)

# Old thread sanitizers refuse to start where addresses are random in more than 28 bits.
set(fixture "")
set(launcher "")
if(TROUPE_SANITIZE MATCHES "thread")
  execute_process(COMMAND setarch -R true RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed STREQUAL "0")
    set(launcher setarch -R)
  endif()
endif()

function(troupe_under_sanitizer program)
  if(launcher)
    set_target_properties(${program} PROPERTIES CROSSCOMPILING_EMULATOR "${launcher}")
  endif()
endfunction()

if(NOT TROUPE_SANITIZE)
  return()
endif()

# ctest reads this file before the tests and hands its environment to them.
set(environment ${CMAKE_CURRENT_BINARY_DIR}/environment.cmake)
set(tsan "halt_on_error=0:exitcode=66:second_deadlock_stack=1:log_path=${reports}/tsan")
if(EXISTS ${supp})
  string(APPEND tsan ":suppressions=${supp}")
endif()
file(WRITE ${environment} "
file(MAKE_DIRECTORY \"${reports}\")
set(ENV{ASAN_OPTIONS} \"detect_leaks=1:exitcode=66:detect_stack_use_after_return=1:log_path=${reports}/asan\")
set(ENV{LSAN_OPTIONS} \"exitcode=66\")
set(ENV{UBSAN_OPTIONS} \"print_stacktrace=1:log_path=${reports}/ubsan\")
set(ENV{TSAN_OPTIONS} \"${tsan}\")
")
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY TEST_INCLUDE_FILES ${environment})

# Any test brings these two along: reports of earlier runs go first, and what was reported is shown and fails at the end. That the
# search for leaks met a thread which was just ending, and looked past it, is no report.
add_test(NAME "sanitizers: start" COMMAND ${CMAKE_COMMAND} -E rm -rf ${reports})
set_tests_properties("sanitizers: start" PROPERTIES FIXTURES_SETUP sanitizers)
add_test(NAME "sanitizers: no process reported anything"
         COMMAND bash -c "cd '${reports}' 2>/dev/null || exit 0; shopt -s nullglob; files=(*); [ \${#files[@]} = 0 ] || mapfile -t files < <(grep -lvE '^==[0-9]+==Unable to get registers from thread' \${files[@]}); [ \${#files[@]} = 0 ] || { head -n 60 \${files[@]}; exit 1; }")
set_tests_properties("sanitizers: no process reported anything" PROPERTIES FIXTURES_CLEANUP sanitizers)
set(fixture FIXTURES_REQUIRED sanitizers)
