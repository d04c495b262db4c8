; SPDX-License-Identifier: GPL-3.0-or-later
;
; The BIOS ROM, 64 KiB at F000:0000. One file a service; docs/firmware.md says what they do and where they differ from
; other BIOSes. With PC defined it is for a PC (QEMU's), else for our own machine.

    cpu 386
    bits 16
    org 0

%include "layout.inc"
%include "media.inc"

; place OFFSET: continues there; what is between is as erased ROM.
%macro place 1
    times (%1) - ($ - $$) db 0xff
%endmacro

rom:
%include "vectors.inc"          ; 0000h: the interrupt vectors as RAM has them at boot
    place 0x400
%include "data.inc"             ; 0400h: the BIOS data area as RAM has it at boot
    place 0x500
    dw      boot_returned, 0xf000 ; 0500h: what a boot sector's stack starts with

%include "exception.inc"
%include "irq.inc"
%include "timer.inc"
%include "cmos.inc"
%include "rtc.inc"
%include "video.inc"
%include "video_screen.inc"
%include "video_teletype.inc"
%include "video_mode.inc"
%include "video_cursor.inc"
%include "video_scroll.inc"
%include "video_character.inc"
%include "video_pixel.inc"
%include "equipment.inc"
%include "disk.inc"
%include "disk_geometry.inc"
%include "disk_read.inc"
%include "disk_extended.inc"
%include "serial.inc"
%include "system.inc"
%include "system_memory.inc"
%include "system_wait.inc"
%include "keyboard.inc"
%include "keyboard_codes.inc"
%include "keys.inc"
%include "printer.inc"
%include "clock.inc"
%include "boot.inc"

%ifdef PC
%include "power_on.inc"
    place MEDIA_IMAGE
    times 512 db 0              ; where the image goes
%endif

    place 0xffd0
%include "reset.inc"            ; FFF0h: where the CPU starts
