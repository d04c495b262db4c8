/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VMs' serial ports as streams through the daemon (virDomainOpenConsole), each joined to a socket whose other
 * end the population has as the VM's serial port.
 *
 * libvirt reads what a daemon sends whether or not it is wanted, and keeps it without bound, so all is taken
 * at once: what a VM says goes to its socket on the event loop's thread, and what the socket has no room for
 * is lost, as on a serial port that nobody reads. What is said to VMs is sent by a thread of its own, which
 * libvirt keeps waiting while the daemon takes nothing. A daemon takes nothing more of a connection once five
 * packets are on their way in it (max_client_requests), so that one VM that does not read would keep all
 * waiting: a VM that has been sent some bytes, and has said nothing since, is sent no more until it does.
 */
#ifndef MVM_ENGINE_LIBVIRT_STREAM_H
#define MVM_ENGINE_LIBVIRT_STREAM_H

#include "engine/libvirt_population.h"

/* What a VM that says nothing is sent at most: less than a pseudoterminal keeps, which is some 19,000 bytes
 * of Linux 6.18. */
enum { LIBVIRT_UNHEARD_MOST = 8192 };

/* All streams are of this connection, which stays the caller's and has no other use. Events are to be
 * prepared, and their loop to run as soon as there are streams. Takes over nothing. */
int libvirt_streams_open(struct libvirt_population *population, virConnectPtr connection,
                         struct libvirt_streams **ret_streams, struct reason *reason);

/* Opens the console of the domain, and joins it to `serial`, which is taken over, also in failure. Returns
 * when both are joined; from any thread. When the stream ends while the VM lives, that is told
 * (LIBVIRT_CUT). */
int libvirt_streams_join(struct libvirt_streams *streams, const char *domain, uint64_t vm, int serial,
                         struct reason *reason);

/* Ends the thread and all streams, and frees all. The loop is to run still. False when that was not to be
 * had within the time, since the daemon takes nothing: thread and struct stay until the process ends. */
bool libvirt_streams_close(struct libvirt_streams *streams, uint64_t patience_ns);

#endif
