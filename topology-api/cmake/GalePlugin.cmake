# SPDX-License-Identifier: Apache-2.0
#
# gale_add_plugin(name SOURCES a.cpp ... [DEPENDS library ...] [OUTPUT folder] [NAME file] [SDK folder])
#
# Makes target plugin_<name>: the plugin <name>.so in OUTPUT, which is plugins/ of the build folder unless said. `gale`
# looks there by itself when the build folder is build/ beside the topology file. NAME is the plugin's when it is not the
# target's; SDK names the headers when they are not those of gale::sdk. Nothing but the plugin's entry is
# visible in the library, so that two plugins may have classes of the same name.
include_guard(GLOBAL)

function(gale_add_plugin name)
  cmake_parse_arguments(arg "" "OUTPUT;NAME;SDK" "SOURCES;DEPENDS" ${ARGN})
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${PROJECT_BINARY_DIR}/plugins)
  endif()
  if(NOT arg_NAME)
    set(arg_NAME ${name})
  endif()
  add_library(plugin_${name} MODULE ${arg_SOURCES})
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${arg_NAME} CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(plugin_${name} PRIVATE -fno-gnu-unique)
  endif()
  if(arg_SDK)
    target_include_directories(plugin_${name} SYSTEM PRIVATE ${arg_SDK})
    target_link_libraries(plugin_${name} PRIVATE ${arg_DEPENDS})
  else()
    target_link_libraries(plugin_${name} PRIVATE gale::sdk ${arg_DEPENDS})
  endif()
endfunction()
