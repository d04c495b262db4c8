; SPDX-License-Identifier: GPL-3.0-or-later
; INT 1Ah, AH = 02h to 07h: times and dates that are set are read again; digits; the alarm comes, by INT 4Ah, once, and there is
; one at a time.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     cx, 0x1234
    mov     dx, 0x5600
    mov     ax, 0x0355
    bios    0x1a
    mov     si, dates
.date:
    lodsw
    mov     cx, ax
    lodsw
    mov     dx, ax
    mov     ax, 0x0555
    bios    0x1a
    mov     cx, 0
    mov     dx, 0
    mov     ax, 0x0455
    bios    0x1a
    cmp     si, dates.end
    jb      .date
    mov     ax, 0x0255
    mov     cx, 0
    mov     dx, 0
    int     0x1a
    sub     dh, 0x56                ; some seconds at most
    cmp     dh, 4
    sbb     dh, dh
    bios    0xf0                    ; does nothing
    mov     dx, 0
    mov     ah, 0x08
    bios    0x1a
    mov     ax, 0x0755              ; none is set
    bios    0x1a
    mov     cx, 0x1235
    mov     dx, 0x0100
    mov     ax, 0x0655
    bios    0x1a
    mov     ax, 0x0655              ; another one
    bios    0x1a
    catch   0x4a, on_alarm
    mov     cx, 0x1235              ; a second before
    mov     dx, 0x0000
    mov     ax, 0x0355
    bios    0x1a
    sti
    mov     bx, [0x46c]
.wait:
    hlt
    mov     ax, [0x46c]
    sub     ax, bx
    cmp     ax, 60
    ja      .late
    cmp     byte [alarms], 0
    je      .wait
.late:
    cli
    show8   [alarms]
    newline
    mov     bx, 0
    mov     cx, 0
    mov     dx, 0
    mov     ax, 0x0755
    bios    0x1a
    mov     al, 0x0b
    out     0x70, al
    in      al, 0x71
    show8   al
    newline
    test_end

on_alarm:
    inc     byte [cs:alarms]
    iret

alarms:
    db      0
dates:                              ; CX, DX
    dw      0x2024, 0x0229, 0x1999, 0x1231, 0x2023, 0x0731
.end:
    bios_routines
    boot_signature
