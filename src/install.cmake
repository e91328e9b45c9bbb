# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# What `cmake --install` installs: libraries, headers, CMake package, pkg-config files, tool. All of it
# finds its own parts relative to itself, so the installed tree may be moved. A static and a shared build may be
# installed to the same prefix, the shared one last; the CMake package then offers both.
#
# Components, which are also what the packages of src/packaging consist of:
#   runtime     the library, which programs need to run
#   devel       what is needed to build programs with it, with the outbox in a file and with the QML module
#   outbox      the library of the outbox in a file
#   quick       the QML module QtAmqp and its library
#   test        the library with the broker for tests; test-devel is what is needed to build with it
#   test-quick  the QML module QtAmqp.Test and its library
#   tools       qamqp and other programs
#   doc         the reference

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/QtAmqp)
set(linkage static)
if(BUILD_SHARED_LIBS)
    set(linkage shared)
endif()
set(origin $ORIGIN)
if(APPLE)
    set(origin @loader_path)
endif()

# qtamqp_install_library(<library> <component> <component of what is needed to build with it>)
function(qtamqp_install_library target component devel)
    if(NOT TARGET ${target})
        return()
    endif()
    set_target_properties(${target} PROPERTIES INSTALL_RPATH ${origin})
    install(TARGETS ${target} EXPORT ${target}Targets
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT ${devel}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${devel}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/${target}
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${devel})
    install(EXPORT ${target}Targets NAMESPACE QtAmqp::
        DESTINATION ${package_dir}/${linkage} COMPONENT ${devel})
endfunction()

qtamqp_install_library(QtAmqp runtime devel)
qtamqp_install_library(QtAmqpOutbox outbox devel)
qtamqp_install_library(QtAmqpTest test test-devel)

# A library built with one Qt does not run with an older one.
set(QTAMQP_QT_VERSION ${Qt6_VERSION_MAJOR}.${Qt6_VERSION_MINOR})

set(QTAMQP_QUICK_WITH_FILES OFF)
if(TARGET QtAmqpQuick AND TARGET QtAmqpOutbox)
    set(QTAMQP_QUICK_WITH_FILES ON)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/QtAmqpConfig.cmake.in
    ${PROJECT_BINARY_DIR}/package/QtAmqpConfig.cmake
    INSTALL_DESTINATION ${package_dir}
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/QtAmqpConfigVersion.cmake
    COMPATIBILITY SameMajorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/package/QtAmqpConfig.cmake
    ${PROJECT_BINARY_DIR}/package/QtAmqpConfigVersion.cmake
    DESTINATION ${package_dir} COMPONENT devel)

file(RELATIVE_PATH QTAMQP_PC_TO_PREFIX
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" QTAMQP_PC_TO_PREFIX ${QTAMQP_PC_TO_PREFIX})
foreach(dir INCLUDEDIR LIBDIR)
    set(QTAMQP_PC_${dir} ${CMAKE_INSTALL_${dir}})
    cmake_path(ABSOLUTE_PATH QTAMQP_PC_${dir} BASE_DIRECTORY "\${prefix}")
endforeach()

# qtamqp_install_pc(<library> <component> <description> REQUIRES <module>... OURS <library>...): the library for
# pkg-config, by its name and, if it is static, also by its name with Static behind it, which is the static one
# wherever both are installed.
function(qtamqp_install_pc target component QTAMQP_PC_DESCRIPTION)
    if(NOT TARGET ${target})
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "REQUIRES;OURS")
    list(TRANSFORM arg_REQUIRES APPEND " >= ${QTAMQP_QT_VERSION}")
    set(names ${target})
    set(link "-L\${libdir} -l${target}")
    set(QTAMQP_PC_CFLAGS "")
    if(NOT BUILD_SHARED_LIBS)
        list(APPEND names ${target}Static)
        # By its path, since a linker prefers a shared library of the same name.
        set(link "\${libdir}/${CMAKE_STATIC_LIBRARY_PREFIX}${target}${CMAKE_STATIC_LIBRARY_SUFFIX}")
        set(QTAMQP_PC_CFLAGS " -DQTAMQP_STATIC")
    endif()
    foreach(QTAMQP_PC_NAME IN LISTS names)
        set(ours ${arg_OURS})
        if(QTAMQP_PC_NAME MATCHES "Static$")
            list(TRANSFORM ours APPEND Static)
        endif()
        list(TRANSFORM ours APPEND " = ${PROJECT_VERSION}")
        set(QTAMQP_PC_REQUIRES ${ours} ${arg_REQUIRES})
        list(JOIN QTAMQP_PC_REQUIRES ", " QTAMQP_PC_REQUIRES)
        set(QTAMQP_PC_LIBS ${link})
        configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/QtAmqp.pc.in
            ${PROJECT_BINARY_DIR}/package/${QTAMQP_PC_NAME}.pc @ONLY)
        install(FILES ${PROJECT_BINARY_DIR}/package/${QTAMQP_PC_NAME}.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${component})
    endforeach()
endfunction()

qtamqp_install_pc(QtAmqp devel ${PROJECT_DESCRIPTION} REQUIRES Qt6Core Qt6Network)
qtamqp_install_pc(QtAmqpOutbox devel "An outbox in a file for QtAmqp" REQUIRES Qt6Sql OURS QtAmqp)
qtamqp_install_pc(QtAmqpTest test-devel "A broker for the tests of applications that use QtAmqp" OURS QtAmqp)

# qtamqp_install_qml_module(<library> <name in QtAmqp::> <path of the module> <folder of its headers> <component>
# <component of what is needed to build with it>): the CMake package has it in <library>Targets.cmake.
function(qtamqp_install_qml_module target name path headers component devel)
    cmake_path(ABSOLUTE_PATH QTAMQP_QML_INSTALL_DIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
        OUTPUT_VARIABLE qml_dir)
    file(RELATIVE_PATH to_library ${qml_dir}/${path} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name}
        INSTALL_RPATH ${origin})
    set_target_properties(${target}plugin PROPERTIES
        INSTALL_RPATH ${origin}/${to_library})
    get_target_property(linked QtAmqp::${name}Plugin ALIASED_TARGET)
    set_target_properties(${linked} PROPERTIES EXPORT_NAME ${name}Plugin)
    # What a static module consists of besides: the plugin's and the resources' initialisation.
    set(objects)
    foreach(object ${target}plugin_init ${target}_resources_1)
        if(TARGET ${object})
            list(APPEND objects ${object})
        endif()
    endforeach()
    install(TARGETS ${target} ${objects} EXPORT ${target}Targets
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT ${devel}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${devel}
        OBJECTS DESTINATION ${CMAKE_INSTALL_LIBDIR}/${target} COMPONENT ${devel}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${target})
    if(BUILD_SHARED_LIBS) # nobody links the plugin
        install(TARGETS ${linked} EXPORT ${target}Targets)
        set(export)
    else()
        set(export EXPORT ${target}Targets)
    endif()
    install(TARGETS ${target}plugin ${export}
        RUNTIME DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT ${component}
        LIBRARY DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT ${component}
        ARCHIVE DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT ${devel})
    install(FILES
        ${PROJECT_BINARY_DIR}/qml/${path}/qmldir
        ${PROJECT_BINARY_DIR}/qml/${path}/${target}.qmltypes
        DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT ${component})
    file(GLOB quick_headers ${PROJECT_SOURCE_DIR}/${headers}/*.h)
    install(FILES ${quick_headers}
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${target} COMPONENT ${devel})
    install(EXPORT ${target}Targets NAMESPACE QtAmqp::
        DESTINATION ${package_dir}/${linkage} COMPONENT ${devel})
endfunction()

if(TARGET QtAmqpQuick)
    # With Qt's own prefix it goes where Qt finds it by itself.
    set(qml_default ${CMAKE_INSTALL_LIBDIR}/qml)
    if(QT6_INSTALL_QML AND CMAKE_INSTALL_PREFIX STREQUAL QT6_INSTALL_PREFIX)
        set(qml_default ${QT6_INSTALL_QML})
    endif()
    set(QTAMQP_QML_INSTALL_DIR ${qml_default} CACHE PATH
        "Where the QML modules go; `qtpaths6 --query QT_INSTALL_QML` tells where Qt finds them by itself")
    qtamqp_install_qml_module(QtAmqpQuick Quick QtAmqp qml quick devel)
endif()
if(TARGET QtAmqpTestQuick)
    qtamqp_install_qml_module(QtAmqpTestQuick TestQuick QtAmqp/Test qml/test test-quick test-devel)
endif()

if(TARGET qamqp)
    file(RELATIVE_PATH to_library ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(qamqp PROPERTIES INSTALL_RPATH ${origin}/${to_library})
    install(TARGETS qamqp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
endif()

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/licenses/QtAmqp COMPONENT runtime)
