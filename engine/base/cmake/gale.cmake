# SPDX-License-Identifier: Apache-2.0
#
# How every target of this tree is made: one function a kind. Sources are listed by the caller, never globbed.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")  # no NDEBUG: an ASSERT costs a compare, a wrong answer costs a customer

find_program(GALE_CCACHE ccache)
if(GALE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths relative to the tree, so that a fresh clone in another folder finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${GALE_CCACHE})
endif()
find_program(GALE_MOLD mold)
if(GALE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-omit-frame-pointer)
if(GALE_WERROR)
  add_compile_options(-Werror)
endif()
if(GALE_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")  # sanitizers want lines, not speed
  add_compile_options(-fsanitize=${GALE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GALE_SANITIZE})
endif()
if(GALE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # tells the fuzzer which ways were gone
endif()
if(GALE_MUTANTS)
  add_compile_definitions(GALE_MUTANTS)
endif()

include(${PROJECT_SOURCE_DIR}/topology-api/cmake/GalePlugin.cmake)  # gale_add_plugin(), as users have it

# A library of this tree: gale_add_module(name SOURCES a.cpp DEPENDS gale::base PRIVATE_DEPENDS yaml-cpp), alias gale::name.
# Without sources it is an interface (header-only) library. Includes are written from the top of the tree.
function(gale_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  if(arg_SOURCES)
    add_library(gale_${name} STATIC ${arg_SOURCES})
    target_include_directories(gale_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(gale_${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
  else()
    add_library(gale_${name} INTERFACE)
    target_include_directories(gale_${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(gale_${name} INTERFACE ${arg_DEPENDS})
  endif()
  add_library(gale::${name} ALIAS gale_${name})
endfunction()

# A doctest program: gale_add_test(name SOURCES x_test.cpp DEPENDS gale::plan [LABELS unit]); each TEST_CASE is a ctest.
function(gale_add_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_${name} PRIVATE gale::test_main ${arg_DEPENDS})
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" ENVIRONMENT
                       "GALE_BUILD=${PROJECT_BINARY_DIR};GALE_SOURCE=${PROJECT_SOURCE_DIR};${arg_ENVIRONMENT}")
endfunction()
