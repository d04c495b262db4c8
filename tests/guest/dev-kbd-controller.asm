; SPDX-License-Identifier: GPL-3.0-or-later
; Commands of the 8042: self test, test of the lines, command byte, disabling and enabling the keyboard, output and input port,
; a byte as if from the keyboard. The status' bits "full" and "locked" beside them; the bit that tells of the last write is not
; looked at.

%include "test.inc"
%include "dev.inc"

    dev_begin
    call    status
    mov     ah, 0xaa
    call    ask
    mov     ah, 0xab
    call    ask
    mov     ah, 0xc0
    call    ask
    mov     ah, 0xd0
    call    ask
    tell    "tests:"
    put     0x64, 0x60
    put     0x60, 0x45
    mov     ah, 0x20
    call    ask
    put     0x64, 0xa7
    mov     ah, 0x20
    call    ask
    put     0x64, 0xa8
    mov     ah, 0x20
    call    ask
    put     0x64, 0xad
    mov     ah, 0x20
    call    ask
    put     0x64, 0xae
    mov     ah, 0x20
    call    ask
    put     0x64, 0xad
    put     0x60, 0xee              ; to the keyboard: enables it
    call    answer
    mov     ah, 0x20
    call    ask
    tell    "command byte:"
    put     0x64, 0xd2
    put     0x60, 0x1e
    call    answer
    call    status
    put     0x64, 0xff              ; pulses no line
    put     0x64, 0x00
    call    status
    tell    "written:"
    test_end

; The command in AH, and its answer.
ask:
    put     0x64, ah
answer:
    call    status
    get     0x60
status:
    in      al, 0x64
    and     al, 0xf7
    note    al
    ret

    dev_end
