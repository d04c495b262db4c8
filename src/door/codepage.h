/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code page 437, the characters of a PC's text screen, in UTF-8. */
#ifndef MVM_DOOR_CODEPAGE_H
#define MVM_DOOR_CODEPAGE_H

#include <stdint.h>

/* Its character as shown on a screen, one to three bytes of UTF-8 and a NUL; 00h and FFh are spaces. */
const char *codepage_437(uint8_t byte);

#endif
