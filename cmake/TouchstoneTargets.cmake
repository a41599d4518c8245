# The three kinds of target. A room of the house is one library; its tests are one executable that
# ctest lists case by case.

# touchstone_library(NAME SOURCES a.cc b.h ... [DEPS lib ...])
function(touchstone_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${TOUCHSTONE_WARNINGS})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

# touchstone_executable(NAME SOURCES a.cc ... [DEPS lib ...])
function(touchstone_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${TOUCHSTONE_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# Everything that starts threads: what a tsan build needs (rules/ has none).
add_custom_target(threaded_tests)

# touchstone_test(NAME SOURCES a_test.cc ... [DEPS lib ...] [TIMEOUT seconds] [THREADS])
# THREADS: the tests carry the ctest label `threads` and are part of threaded_tests. Each test gets TOUCHSTONE_SOURCE_DIR and TOUCHSTONE_BINARY_DIR in its environment.
function(touchstone_test name)
  cmake_parse_arguments(ARG "THREADS" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  set(labels)
  if(ARG_THREADS)
    set(labels LABELS threads)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  touchstone_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  # Half of a sanitizer build is compiling tests, and a third of that is optimizing code that runs once.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Debug>:-O0>)
  if(ARG_THREADS)
    add_dependencies(threaded_tests ${name})
  endif()
  gtest_discover_tests(
    ${name}
    DISCOVERY_MODE PRE_TEST
    PROPERTIES ${labels}
               TIMEOUT ${ARG_TIMEOUT}
               ENVIRONMENT "TOUCHSTONE_SOURCE_DIR=${PROJECT_SOURCE_DIR};TOUCHSTONE_BINARY_DIR=${PROJECT_BINARY_DIR}")
endfunction()
