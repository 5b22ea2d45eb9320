# troupe: actors in processes. Apache-2.0, see LICENSE.
# Copies the headers that <troupe/troupe.hpp> and <troupe/testing.hpp> reach from ${source} to ${destination}; without a destination, lists
# them and those of components.
cmake_minimum_required(VERSION 3.22)

set(waiting troupe/troupe.hpp troupe/testing.hpp)
if(NOT DEFINED destination AND EXISTS ${source}/troupe/etcd/etcd.hpp)
  list(APPEND waiting troupe/etcd/etcd.hpp)
endif()
set(headers "")
while(waiting)
  list(POP_FRONT waiting header)
  if(header IN_LIST headers)
    continue()
  endif()
  if(NOT EXISTS ${source}/${header})
    message(FATAL_ERROR "<${header}> is included by a public header and does not exist in ${source}")
  endif()
  list(APPEND headers ${header})
  file(STRINGS ${source}/${header} includes REGEX "^ *# *include <troupe/[^>]+>")
  list(TRANSFORM includes REPLACE "^ *# *include <([^>]+)>.*" "\\1")
  list(APPEND waiting ${includes})
endwhile()
list(SORT headers)

foreach(header IN LISTS headers)
  if(DEFINED destination)
    get_filename_component(folder ${destination}/${header} DIRECTORY)
    file(INSTALL ${source}/${header} DESTINATION ${folder})
  else()
    execute_process(COMMAND ${CMAKE_COMMAND} -E echo ${header})  # message() would write to stderr
  endif()
endforeach()
