# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

# What `cmake --install` installs: libraries, headers, CMake package, pkg-config file, tool. All of it
# finds its own parts relative to itself, so the installed tree may be moved.
# Components: runtime (what a program needs to run) and devel (what is needed to build one).

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/QtAmqp)

install(TARGETS QtAmqp EXPORT QtAmqpTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT devel
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/QtAmqp
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT devel)

if(TARGET QtAmqpOutbox)
    install(TARGETS QtAmqpOutbox EXPORT QtAmqpOutboxTargets
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT devel
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/QtAmqpOutbox
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT devel)
endif()

if(TARGET QtAmqpTest)
    install(TARGETS QtAmqpTest EXPORT QtAmqpTestTargets
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT devel
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/QtAmqpTest
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT devel)
endif()

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
install(EXPORT QtAmqpTargets NAMESPACE QtAmqp:: DESTINATION ${package_dir} COMPONENT devel)
if(TARGET QtAmqpOutbox)
    install(EXPORT QtAmqpOutboxTargets NAMESPACE QtAmqp::
        DESTINATION ${package_dir} COMPONENT devel)
endif()
if(TARGET QtAmqpTest)
    install(EXPORT QtAmqpTestTargets NAMESPACE QtAmqp::
        DESTINATION ${package_dir} COMPONENT devel)
endif()

set(QTAMQP_PC_DEFINES)
if(NOT BUILD_SHARED_LIBS)
    set(QTAMQP_PC_DEFINES " -DQTAMQP_STATIC")
endif()
file(RELATIVE_PATH QTAMQP_PC_TO_PREFIX
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" QTAMQP_PC_TO_PREFIX ${QTAMQP_PC_TO_PREFIX})
foreach(dir INCLUDEDIR LIBDIR)
    set(QTAMQP_PC_${dir} ${CMAKE_INSTALL_${dir}})
    cmake_path(ABSOLUTE_PATH QTAMQP_PC_${dir} BASE_DIRECTORY "\${prefix}")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/QtAmqp.pc.in ${PROJECT_BINARY_DIR}/package/QtAmqp.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/QtAmqp.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT devel)

set(origin $ORIGIN)
if(APPLE)
    set(origin @loader_path)
endif()

foreach(target QtAmqpOutbox QtAmqpTest)
    if(TARGET ${target})
        set_target_properties(${target} PROPERTIES INSTALL_RPATH ${origin})
    endif()
endforeach()

# qtamqp_install_qml_module(<library> <name in QtAmqp::> <path of the module> <folder of its headers>): the CMake
# package has it in <library>Targets.cmake.
function(qtamqp_install_qml_module target name path headers)
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
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT devel
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel
        OBJECTS DESTINATION ${CMAKE_INSTALL_LIBDIR}/${target} COMPONENT devel
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${target})
    if(BUILD_SHARED_LIBS) # nobody links the plugin
        install(TARGETS ${linked} EXPORT ${target}Targets)
        set(export)
    else()
        set(export EXPORT ${target}Targets)
    endif()
    install(TARGETS ${target}plugin ${export}
        RUNTIME DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT runtime
        LIBRARY DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT runtime
        ARCHIVE DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT runtime)
    install(FILES
        ${PROJECT_BINARY_DIR}/qml/${path}/qmldir
        ${PROJECT_BINARY_DIR}/qml/${path}/${target}.qmltypes
        DESTINATION ${QTAMQP_QML_INSTALL_DIR}/${path} COMPONENT runtime)
    file(GLOB quick_headers ${PROJECT_SOURCE_DIR}/${headers}/*.h)
    install(FILES ${quick_headers}
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${target} COMPONENT devel)
    install(EXPORT ${target}Targets NAMESPACE QtAmqp::
        DESTINATION ${package_dir} COMPONENT devel)
endfunction()

if(TARGET QtAmqpQuick)
    set(QTAMQP_QML_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/qml CACHE PATH
        "Where the QML modules go; `qtpaths6 --query QT_INSTALL_QML` tells where Qt finds them by itself")
    qtamqp_install_qml_module(QtAmqpQuick Quick QtAmqp qml)
endif()
if(TARGET QtAmqpTestQuick)
    qtamqp_install_qml_module(QtAmqpTestQuick TestQuick QtAmqp/Test qml/test)
endif()

if(TARGET qamqp)
    file(RELATIVE_PATH to_library ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(qamqp PROPERTIES INSTALL_RPATH ${origin}/${to_library})
    install(TARGETS qamqp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
