# Everything comes from Debian's packages; ARCHITECTURE.md says what each is for.

find_package(absl REQUIRED)
# With CONFIG, Debian's protobuf is not found.
find_package(Protobuf REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
find_package(gRPC CONFIG REQUIRED)
find_program(TOUCHSTONE_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)

# What programs that serve link for their memory. Sanitizers bring their own.
add_library(touchstone_allocator INTERFACE)
if(NOT TOUCHSTONE_SANITIZE)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
  target_link_libraries(touchstone_allocator INTERFACE PkgConfig::JEMALLOC)
endif()

if(TOUCHSTONE_TESTS)
  include(GoogleTest)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  find_package(benchmark REQUIRED)
endif()
