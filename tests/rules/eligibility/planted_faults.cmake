# The property test, once more for each fault of planted_faults.py: one file of the room with the
# fault, in front of the room's library. The test is that the property test fails.
#
# Not under sanitizers: what is shown is that the comparison sees the fault, at a compilation each.

set(planter ${CMAKE_CURRENT_SOURCE_DIR}/planted_faults.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${planter})
execute_process(COMMAND ${planter} list OUTPUT_VARIABLE faults OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" faults "${faults}")
foreach(fault ${faults})
  separate_arguments(fault)
  list(GET fault 0 name)
  list(GET fault 1 file)
  list(GET fault 2 source)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/planted_faults/${name})
  set(planted ${folder}/rules/eligibility/${file})
  file(MAKE_DIRECTORY ${folder}/rules/eligibility)
  add_custom_command(
    OUTPUT ${planted}
    COMMAND ${planter} plant ${name} ${PROJECT_SOURCE_DIR} ${planted}
    DEPENDS ${planter} ${PROJECT_SOURCE_DIR}/rules/eligibility/${file}
    VERBATIM)
  if(source STREQUAL file)
    set(compiled ${planted})
  else()
    set(compiled ${PROJECT_SOURCE_DIR}/rules/eligibility/${source} ${planted})
  endif()
  set(program eligibility_fault_${name})
  add_executable(${program} ${compiled} $<TARGET_OBJECTS:touchstone_rules_eligibility_agreement>)
  # A header with the fault is found before the one that it replaces.
  target_include_directories(${program} PRIVATE ${folder} ${PROJECT_SOURCE_DIR})
  # Compiled quickly rather than well.
  target_compile_options(${program} PRIVATE -O1 -g0 -w)
  target_link_libraries(${program} PRIVATE touchstone_rules_eligibility GTest::gmock GTest::gtest_main)
  add_test(NAME ${program} COMMAND ${planter} find ${name} $<TARGET_FILE:${program}>)
  set_tests_properties(${program} PROPERTIES TIMEOUT 120)
endforeach()
