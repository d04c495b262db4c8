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
    X(virConnectGetLibVersion)                                                                               \
    X(virConnectGetType)                                                                                     \
    X(virConnectGetVersion)                                                                                  \
    X(virConnectIsAlive)                                                                                     \
    X(virConnectListAllDomains)                                                                              \
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
    X(virEventAddTimeout)                                                                                    \
    X(virEventRegisterDefaultImpl)                                                                           \
    X(virEventRemoveTimeout)                                                                                 \
    X(virEventRunDefaultImpl)                                                                                \
    X(virGetLastError)                                                                                       \
    X(virGetLastErrorMessage)                                                                                \
    X(virGetVersion)                                                                                         \
    X(virInitialize)                                                                                         \
    X(virResetLastError)                                                                                     \
    X(virSetErrorFunc)

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
#define virConnectGetLibVersion            libvirt_library.virConnectGetLibVersion
#define virConnectGetType                  libvirt_library.virConnectGetType
#define virConnectGetVersion               libvirt_library.virConnectGetVersion
#define virConnectIsAlive                  libvirt_library.virConnectIsAlive
#define virConnectListAllDomains           libvirt_library.virConnectListAllDomains
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
#define virEventAddTimeout                 libvirt_library.virEventAddTimeout
#define virEventRegisterDefaultImpl        libvirt_library.virEventRegisterDefaultImpl
#define virEventRemoveTimeout              libvirt_library.virEventRemoveTimeout
#define virEventRunDefaultImpl             libvirt_library.virEventRunDefaultImpl
#define virGetLastError                    libvirt_library.virGetLastError
#define virGetLastErrorMessage             libvirt_library.virGetLastErrorMessage
#define virGetVersion                      libvirt_library.virGetVersion
#define virInitialize                      libvirt_library.virInitialize
#define virResetLastError                  libvirt_library.virResetLastError
#define virSetErrorFunc                    libvirt_library.virSetErrorFunc
#endif

#endif
