# SPDX-License-Identifier: Apache-2.0
#
# gale_add_plugin(name SOURCES a.cpp ... [DEPENDS library ...] [OUTPUT folder])
#
# Makes target plugin_<name>: the plugin <name>.so in OUTPUT, which is plugins/ of the build folder unless said. `gale`
# looks there by itself when the build folder is build/ beside the topology file. Nothing but the plugin's entry is
# visible in the library, so that two plugins may have classes of the same name.
include_guard(GLOBAL)

function(gale_add_plugin name)
  cmake_parse_arguments(arg "" "OUTPUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${PROJECT_BINARY_DIR}/plugins)
  endif()
  add_library(plugin_${name} MODULE ${arg_SOURCES})
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(plugin_${name} PRIVATE -fno-gnu-unique)
  endif()
  target_link_libraries(plugin_${name} PRIVATE gale::sdk ${arg_DEPENDS})
endfunction()
