# What `cmake --install` installs: library, headers, CMake package, pkg-config file, tool. All of it
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

# A library built with one Qt does not run with an older one.
set(QTAMQP_QT_VERSION ${Qt6_VERSION_MAJOR}.${Qt6_VERSION_MINOR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/QtAmqpConfig.cmake.in
    ${PROJECT_BINARY_DIR}/package/QtAmqpConfig.cmake
    INSTALL_DESTINATION ${package_dir}
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/QtAmqpConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/package/QtAmqpConfig.cmake
    ${PROJECT_BINARY_DIR}/package/QtAmqpConfigVersion.cmake
    DESTINATION ${package_dir} COMPONENT devel)
install(EXPORT QtAmqpTargets NAMESPACE QtAmqp:: DESTINATION ${package_dir} COMPONENT devel)

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

if(TARGET qamqp)
    file(RELATIVE_PATH to_library ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set(origin $ORIGIN)
    if(APPLE)
        set(origin @loader_path)
    endif()
    set_target_properties(qamqp PROPERTIES INSTALL_RPATH ${origin}/${to_library})
    install(TARGETS qamqp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
