# SPDX-License-Identifier: Apache-2.0
#
# Debian packages, by `cpack` in the build folder: gale (command, stock plugins, manual pages, completions) and gale-dev
# (headers, CMake and pkg-config files).
include_guard(GLOBAL)

set(doc ${PROJECT_BINARY_DIR}/doc)
configure_file(${PROJECT_SOURCE_DIR}/LICENSE ${doc}/copyright COPYONLY)
foreach(package gale gale-dev)
  install(FILES ${doc}/copyright ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/${package} COMPONENT ${package})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION share/doc/gale COMPONENT gale)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gale)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Gale developers <gale@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL gale gale-dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_GALE_PACKAGE_NAME gale)
set(CPACK_DEBIAN_GALE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_GALE-DEV_PACKAGE_NAME gale-dev)
set(CPACK_DEBIAN_GALE-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_GALE-DEV_PACKAGE_DEPENDS "gale (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_GALE-DEV_PACKAGE_RECOMMENDS "g++ | clang, cmake (>= 3.25), ninja-build, pkg-config, doctest-dev")
set(CPACK_COMPONENT_GALE_DESCRIPTION
    "Runs topologies of spouts and bolts, wired by YAML, with at-least-once\n delivery; with the stock components.")
set(CPACK_COMPONENT_GALE-DEV_DESCRIPTION
    "What is needed to write spouts and bolts as plugins for Gale: the C++\n headers, the test kit, and their CMake and pkg-config files.")
include(CPack)
