/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libvirt, loaded when the engine is used and not before: it brings some fifty libraries and 60 MB of files,
 * which no other run of mvm, and no laboratory, must carry. Who includes this calls its functions by their
 * own names; libvirt_connect_within() and libvirt_events_prepare() load it, and one of them comes before any
 * other call.
 */
#ifndef MVM_ENGINE_LIBVIRT_LIBRARY_H
#define MVM_ENGINE_LIBVIRT_LIBRARY_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

struct reason;

#define LIBVIRT_FUNCTIONS(X)                                                                                 \
    X(virConnectClose)                                                                                       \
    X(virConnectDomainEventDeregisterAny)                                                                    \
    X(virConnectDomainEventRegisterAny)                                                                      \
    X(virConnectDomainXMLToNative)                                                                           \
    X(virConnectGetCapabilities)                                                                             \
    X(virConnectGetDomainCapabilities)                                                                       \
    X(virConnectGetHostname)                                                                                 \
    X(virConnectGetLibVersion)                                                                               \
    X(virConnectGetType)                                                                                     \
    X(virConnectGetVersion)                                                                                  \
    X(virConnectIsAlive)                                                                                     \
    X(virConnectListAllDomains)                                                                              \
    X(virConnectListAllStoragePools)                                                                         \
    X(virConnectOpen)                                                                                        \
    X(virConnectRegisterCloseCallback)                                                                       \
    X(virConnectSetKeepAlive)                                                                                \
    X(virConnectUnregisterCloseCallback)                                                                     \
    X(virDomainCreateXML)                                                                                    \
    X(virDomainDestroy)                                                                                      \
    X(virDomainFree)                                                                                         \
    X(virDomainGetMetadata)                                                                                  \
    X(virDomainGetName)                                                                                      \
    X(virDomainLookupByName)                                                                                 \
    X(virDomainOpenConsole)                                                                                  \
    X(virDomainResume)                                                                                       \
    X(virEventAddTimeout)                                                                                    \
    X(virEventRegisterDefaultImpl)                                                                           \
    X(virEventRemoveTimeout)                                                                                 \
    X(virEventRunDefaultImpl)                                                                                \
    X(virGetLastError)                                                                                       \
    X(virGetLastErrorMessage)                                                                                \
    X(virGetVersion)                                                                                         \
    X(virInitialize)                                                                                         \
    X(virNodeGetInfo)                                                                                        \
    X(virResetLastError)                                                                                     \
    X(virSetErrorFunc)                                                                                       \
    X(virStoragePoolBuild)                                                                                   \
    X(virStoragePoolCreate)                                                                                  \
    X(virStoragePoolDefineXML)                                                                               \
    X(virStoragePoolDelete)                                                                                  \
    X(virStoragePoolDestroy)                                                                                 \
    X(virStoragePoolFree)                                                                                    \
    X(virStoragePoolGetName)                                                                                 \
    X(virStoragePoolIsActive)                                                                                \
    X(virStoragePoolListAllVolumes)                                                                          \
    X(virStoragePoolLookupByName)                                                                            \
    X(virStoragePoolRefresh)                                                                                 \
    X(virStoragePoolUndefine)                                                                                \
    X(virStorageVolCreateXML)                                                                                \
    X(virStorageVolDelete)                                                                                   \
    X(virStorageVolFree)                                                                                     \
    X(virStorageVolGetInfo)                                                                                  \
    X(virStorageVolGetName)                                                                                  \
    X(virStorageVolGetPath)                                                                                  \
    X(virStorageVolLookupByName)                                                                             \
    X(virStorageVolUpload)                                                                                   \
    X(virStreamAbort)                                                                                        \
    X(virStreamEventAddCallback)                                                                             \
    X(virStreamEventRemoveCallback)                                                                          \
    X(virStreamFinish)                                                                                       \
    X(virStreamFree)                                                                                         \
    X(virStreamNew)                                                                                          \
    X(virStreamRecv)                                                                                         \
    X(virStreamSend)

struct libvirt_library {
#define LIBVIRT_MEMBER(name) typeof(name) *name;
    LIBVIRT_FUNCTIONS(LIBVIRT_MEMBER)
#undef LIBVIRT_MEMBER
};

extern struct libvirt_library libvirt_library;

/* Loads it, once for all threads; -ENOTSUP with a sentence when it is not installed, or older than its
 * headers. It stays until the process ends. */
int libvirt_library_load(struct reason *reason);

#ifndef LIBVIRT_LIBRARY_LOADS
#define virConnectClose                    libvirt_library.virConnectClose
#define virConnectDomainEventDeregisterAny libvirt_library.virConnectDomainEventDeregisterAny
#define virConnectDomainEventRegisterAny   libvirt_library.virConnectDomainEventRegisterAny
#define virConnectDomainXMLToNative        libvirt_library.virConnectDomainXMLToNative
#define virConnectGetCapabilities          libvirt_library.virConnectGetCapabilities
#define virConnectGetDomainCapabilities    libvirt_library.virConnectGetDomainCapabilities
#define virConnectGetHostname              libvirt_library.virConnectGetHostname
#define virConnectGetLibVersion            libvirt_library.virConnectGetLibVersion
#define virConnectGetType                  libvirt_library.virConnectGetType
#define virConnectGetVersion               libvirt_library.virConnectGetVersion
#define virConnectIsAlive                  libvirt_library.virConnectIsAlive
#define virConnectListAllDomains           libvirt_library.virConnectListAllDomains
#define virConnectListAllStoragePools      libvirt_library.virConnectListAllStoragePools
#define virConnectOpen                     libvirt_library.virConnectOpen
#define virConnectRegisterCloseCallback    libvirt_library.virConnectRegisterCloseCallback
#define virConnectSetKeepAlive             libvirt_library.virConnectSetKeepAlive
#define virConnectUnregisterCloseCallback  libvirt_library.virConnectUnregisterCloseCallback
#define virDomainCreateXML                 libvirt_library.virDomainCreateXML
#define virDomainDestroy                   libvirt_library.virDomainDestroy
#define virDomainFree                      libvirt_library.virDomainFree
#define virDomainGetMetadata               libvirt_library.virDomainGetMetadata
#define virDomainGetName                   libvirt_library.virDomainGetName
#define virDomainLookupByName              libvirt_library.virDomainLookupByName
#define virDomainOpenConsole               libvirt_library.virDomainOpenConsole
#define virDomainResume                    libvirt_library.virDomainResume
#define virEventAddTimeout                 libvirt_library.virEventAddTimeout
#define virEventRegisterDefaultImpl        libvirt_library.virEventRegisterDefaultImpl
#define virEventRemoveTimeout              libvirt_library.virEventRemoveTimeout
#define virEventRunDefaultImpl             libvirt_library.virEventRunDefaultImpl
#define virGetLastError                    libvirt_library.virGetLastError
#define virGetLastErrorMessage             libvirt_library.virGetLastErrorMessage
#define virGetVersion                      libvirt_library.virGetVersion
#define virInitialize                      libvirt_library.virInitialize
#define virNodeGetInfo                     libvirt_library.virNodeGetInfo
#define virResetLastError                  libvirt_library.virResetLastError
#define virSetErrorFunc                    libvirt_library.virSetErrorFunc
#define virStoragePoolBuild                libvirt_library.virStoragePoolBuild
#define virStoragePoolCreate               libvirt_library.virStoragePoolCreate
#define virStoragePoolDefineXML            libvirt_library.virStoragePoolDefineXML
#define virStoragePoolDelete               libvirt_library.virStoragePoolDelete
#define virStoragePoolDestroy              libvirt_library.virStoragePoolDestroy
#define virStoragePoolFree                 libvirt_library.virStoragePoolFree
#define virStoragePoolGetName              libvirt_library.virStoragePoolGetName
#define virStoragePoolIsActive             libvirt_library.virStoragePoolIsActive
#define virStoragePoolListAllVolumes       libvirt_library.virStoragePoolListAllVolumes
#define virStoragePoolLookupByName         libvirt_library.virStoragePoolLookupByName
#define virStoragePoolRefresh              libvirt_library.virStoragePoolRefresh
#define virStoragePoolUndefine             libvirt_library.virStoragePoolUndefine
#define virStorageVolCreateXML             libvirt_library.virStorageVolCreateXML
#define virStorageVolDelete                libvirt_library.virStorageVolDelete
#define virStorageVolFree                  libvirt_library.virStorageVolFree
#define virStorageVolGetInfo               libvirt_library.virStorageVolGetInfo
#define virStorageVolGetName               libvirt_library.virStorageVolGetName
#define virStorageVolGetPath               libvirt_library.virStorageVolGetPath
#define virStorageVolLookupByName          libvirt_library.virStorageVolLookupByName
#define virStorageVolUpload                libvirt_library.virStorageVolUpload
#define virStreamAbort                     libvirt_library.virStreamAbort
#define virStreamEventAddCallback          libvirt_library.virStreamEventAddCallback
#define virStreamEventRemoveCallback       libvirt_library.virStreamEventRemoveCallback
#define virStreamFinish                    libvirt_library.virStreamFinish
#define virStreamFree                      libvirt_library.virStreamFree
#define virStreamNew                       libvirt_library.virStreamNew
#define virStreamRecv                      libvirt_library.virStreamRecv
#define virStreamSend                      libvirt_library.virStreamSend
#endif

#endif
