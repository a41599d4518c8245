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

if(TOUCHSTONE_TESTS)
  include(GoogleTest)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  find_package(benchmark REQUIRED)
endif()
