# Language level, warnings, sanitizers, linker and compiler cache: what every target shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# A stranger's newer compiler may warn where ours does not: that must not stop deploy/run.
set(werror OFF)
if(DEFINED ENV{CI})
  set(werror ON)
endif()
option(TOUCHSTONE_WERROR "Treat warnings as errors (developer and CI builds)" ${werror})
set(TOUCHSTONE_SANITIZE "" CACHE STRING "Sanitizers to build with: empty, 'address,undefined' or 'thread'")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# Assertions guard our own invariants; they stay on in every build that is not "release".
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

# Rounded results must not depend on how the compiler contracts a*b+c (determinism).
add_compile_options(-ffp-contract=off -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

find_program(TOUCHSTONE_CCACHE ccache)
if(TOUCHSTONE_CCACHE)
  # CCACHE_BASEDIR lets a second clone of the same sources hit the cache of the first.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${TOUCHSTONE_CCACHE})
endif()

foreach(linker mold lld)
  find_program(TOUCHSTONE_LINKER_${linker} NAMES ${linker} ld.${linker})
  if(TOUCHSTONE_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    if(linker STREQUAL mold)
      # Debian's mold 1.10 begins the RELRO segment at .tbss, which takes no room: where the text
      # before it ends a few bytes short of a page, that is a page that nothing maps, and the program
      # does not start.
      add_link_options(-Wl,-z,norelro)
    endif()
    break()
  endif()
endforeach()

if(TOUCHSTONE_SANITIZE)
  add_compile_options(-fsanitize=${TOUCHSTONE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TOUCHSTONE_SANITIZE})
  if(TOUCHSTONE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

# The libFuzzer programs (tests/fuzz) instead of everything else. Needs clang.
option(TOUCHSTONE_FUZZ "Build the fuzzers and nothing else" OFF)
if(TOUCHSTONE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Applied by touchstone_library, touchstone_test and touchstone_executable; never to generated code.
set(TOUCHSTONE_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND TOUCHSTONE_WARNINGS -Wno-restrict)
endif()
if(TOUCHSTONE_WERROR)
  list(APPEND TOUCHSTONE_WARNINGS -Werror)
endif()
