/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the laboratory and its host say to each other over one virtio-serial port: frames of a type, a length
 * and so many bytes.
 */
#ifndef MVM_LAB_CHANNEL_H
#define MVM_LAB_CHANNEL_H

#include <stdint.h>

enum {
    /* from the laboratory */
    FRAME_READY = 'R',  /* the command is about to start */
    FRAME_OUTPUT = 'O', /* bytes of its standard output */
    FRAME_ERRORS = 'E', /* bytes of its standard error */
    FRAME_MORE = 'M',   /* so many bytes (text) of standard input have been taken, and as many more can be */
    FRAME_FILES = 'F',  /* bytes of a tar archive of what comes back */
    FRAME_NOTE = 'N',   /* a sentence for the user */
    FRAME_END = 'X',    /* the last one: the exit status as text */
    /* to the laboratory */
    FRAME_INPUT = 'I',  /* bytes for the command's standard input; an empty one ends it */
    FRAME_SIGNAL = 'K', /* a signal for the command, its number as text */
    FRAME_PULSE = 'P',  /* nothing but the interrupt that it makes: see session.c */
};

enum {
    FRAME_HEADER = 5,          /* the type; the length, four bytes, least significant first */
    FRAME_MOST = 32768,        /* bytes in a frame */
    FRAME_INPUT_AHEAD = 65536, /* bytes of standard input that may be under way from the beginning */
};

#define CHANNEL_NAME "mvm.lab"

/* Where the laboratory finds what to do: NUL-terminated texts "KEY=VALUE", in a file. Keys: see inside.c. */
#define PLAN_PATH "/.lab/plan"

static inline void frame_header(unsigned char header[FRAME_HEADER], int type, uint32_t length)
{
    header[0] = (unsigned char)type;
    for (int i = 0; i < 4; i++)
        header[1 + i] = (unsigned char)(length >> 8 * i);
}

static inline uint32_t frame_length(const unsigned char header[FRAME_HEADER])
{
    return (uint32_t)header[1] | (uint32_t)header[2] << 8 | (uint32_t)header[3] << 16 |
           (uint32_t)header[4] << 24;
}

#endif
