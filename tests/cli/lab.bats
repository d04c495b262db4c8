#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm lab: what can be told without starting one. Those that run are in tests/kvm/lab.bats.

load common

# A program search path with everything but one program, and an apt that answers as a test wants.
fake_apt() {
    mkdir -p fake
    cat >fake/apt-cache <<END
#!/bin/sh
case "\$*" in
*pkgnames*) printf '%s\n' linux-image-6.1.0-9-cloud-amd64 linux-image-6.1.0-47-cloud-amd64 linux-image-6.12.1+deb12-cloud-amd64 \
    linux-image-6.12-cloud-amd64 linux-image-6.1.0-47-cloud-amd64-dbg linux-image-cloud-amd64 ;;
*madison*) cat <<LIST
linux-image-6.1.0-47-cloud-amd64 | 6.1.170-3 | http://deb.example/debian bookworm/main amd64 Packages
linux-image-6.12.1+deb12-cloud-amd64 | 6.12.1-1~bpo12+1 | http://deb.example/debian bookworm-backports/main amd64 Packages
linux-image-6.1.0-9-cloud-amd64 | 6.1.27-1 | http://deb.example/debian bookworm/main amd64 Packages
LIST
;;
*depends*) printf 'linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-47-cloud-amd64\n' ;;
esac
END
    cat >fake/apt-get <<END
#!/bin/sh
echo "E: Failed to fetch http://deb.example/x.deb  404  Not Found" >&2
exit 100
END
    chmod +x fake/*
    export PATH="$PWD/fake:$PATH" XDG_CACHE_HOME="$PWD/cache"
}

@test "bad input is refused with one sentence" {
    wrong="behind '--'" refused "$MVM" lab
    wrong="behind '--'" refused "$MVM" lab ls
    wrong="no program" refused "$MVM" lab -- ./absent
    wrong="--with absent" refused "$MVM" lab --with absent -- true
    wrong="--memory" refused "$MVM" lab --memory 1M -- true
    wrong="--cpus" refused "$MVM" lab --cpus 0 -- true
    wrong="--append" refused "$MVM" lab --append "$(printf '%02000d' 0)" -- true
    wrong="exclude" refused "$MVM" lab --kernel 6.1 --package x.deb -- true
    wrong="--json" refused "$MVM" lab --json -- true
    wrong="--fetch" refused "$MVM" lab --fetch -- true
}

@test "the kernels that apt has are listed, oldest first, as a table and as JSON" {
    fake_apt
    run --separate-stderr "$MVM" lab --kernel list
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ]
    [[ "${lines[1]}" == 6.1.0-9-cloud-amd64*bookworm/main* ]]
    [[ "${lines[2]}" == 6.1.0-47-cloud-amd64*"the default"* ]]
    [[ "${lines[3]}" == 6.12.1*bookworm-backports/main* ]]
    "$MVM" lab --kernel list --json >kernels.json
    of_schema kernels kernels.json
    jq -e <kernels.json '[.kernels[].release] == ["6.1.0-9-cloud-amd64", "6.1.0-47-cloud-amd64",
        "6.12.1+deb12-cloud-amd64"] and .kernels[1].default and (.kernels[0].cached | not)'
}

@test "a version that apt does not have, and a download that fails, are told in a sentence; nothing stays half done" {
    fake_apt
    wrong="no cloud kernel '5.10'" refused "$MVM" lab --quiet --kernel 5.10 --fetch
    # 6.1 is not 6.12.
    run --separate-stderr "$MVM" lab --quiet --kernel 6.1 --fetch
    echo "$stderr"
    [ "$status" -eq 125 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" == *"404"* ]]
    ! compgen -G 'cache/mvm/kernels/[0-9.]*' || false
    ! compgen -G 'cache/mvm/kernels/.filling*' || false
}

@test "a package file that is none, or no kernel's, is refused" {
    export XDG_CACHE_HOME="$PWD/cache"
    echo nothing >bad.deb
    run --separate-stderr "$MVM" lab --quiet --package bad.deb --fetch
    echo "$stderr"
    [ "$status" -eq 125 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    run --separate-stderr "$MVM" lab --quiet --package absent.deb --fetch
    [ "$status" -ne 0 ]
    [[ "$stderr" == *absent.deb* ]]
    command -v dpkg-deb >/dev/null || skip "dpkg-deb is not installed"
    mkdir -p other/DEBIAN
    printf 'Package: other\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' \
        >other/DEBIAN/control
    dpkg-deb --build other other.deb >/dev/null
    wrong="not the package of a kernel" refused "$MVM" lab --quiet --package other.deb --fetch
    ! compgen -G 'cache/mvm/kernels/.filling*' || false
}
