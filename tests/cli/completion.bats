#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of mvm in real shells. What may stand next is tested for every command in commands.py.

load common
load runs

COMPLETION=${COMPLETION:-$BATS_TEST_DIRNAME/../../completion}

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime"
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir -m 700 runtime
    mkdir bin "a folder"
    ln -s "$MVM" bin/mvm
    PATH="$BATS_TEST_TMPDIR/bin:$PATH"
    touch image.img
}

# offers "WORD..." CANDIDATE... : bash completes the line to these, in any order.
offers() {
    local line="$1" found
    shift
    found=$(bash --norc -c '
        source "$1/mvm.bash"
        complete -p mvm >/dev/null || exit 1
        # As bash itself splits a line.
        read -r -a COMP_WORDS <<<"${2//=/ = }"
        [ "${2: -1}" != " " ] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="$2" COMP_POINT=${#2}
        _mvm mvm "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$COMPLETION" "$line" | sort | paste -sd '|')
    [ "$found" = "$(printf '%s\n' "$@" | sort | paste -sd '|')" ] || { echo "'$line' is completed to: $found"; return 1; }
}

@test "bash: commands, options, choices, engines and what is theirs" {
    [ "$(bash --norc -c 'source "$1/mvm.bash"; complete -p mvm' bash "$COMPLETION")" = "complete -F _mvm mvm" ]
    offers "mvm ho" host
    offers "mvm host " check tune
    offers "mvm --v" --version
    offers "mvm scale --engine vmm --memory" --memory-limit
    offers "mvm scale --engine qemu --memory" --memory-limit --memory
    offers "mvm scale --engine=qemu --memory" --memory-limit --memory
    offers "mvm scale --engine q" qemu
    offers "mvm scale --engine=q" qemu
    offers "mvm scale --load-targets " uniform zipf round-robin
    offers "mvm scale --guest wi" ""
    offers "mvm scale --guest we" web
    offers "mvm scale --quiet --qui" ""          # given already
    offers "mvm limits --vary x --var" --vary    # may be repeated
    offers "mvm help host ch" check
    offers "mvm lab -- bin/mvm scale --engine q" qemu
    offers "mvm nosuch " ""
}

@test "bash: files, directories, and the names of runs" {
    offers "mvm image show im" image.img
    offers "mvm scale --image im" image.img
    offers "mvm scale --out a" "a folder"
    offers "mvm report a" "a folder"
    "$MVM" run --engine null --name cloud --detach --quiet
    "$MVM" run --engine null --name nine --detach --quiet
    offers "mvm ls " cloud nine
    offers "mvm stop --run c" cloud
    offers "mvm ask --run=n" nine
    "$MVM" stop --all --quiet
}

@test "zsh, on a terminal: what is typed is completed" {
    command -v zsh >/dev/null || skip "zsh is not installed"
    run timeout 200 zsh -f "$BATS_TEST_DIRNAME/completion.zsh" "$COMPLETION"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "fish: what is typed is completed" {
    command -v fish >/dev/null || skip "fish is not installed"
    export HOME="$PWD" XDG_CONFIG_HOME="$PWD/config" XDG_DATA_HOME="$PWD/data" XDG_CACHE_HOME="$PWD/cache"
    fish_offers() {
        local found
        found=$(fish --no-config -c 'source $argv[1]/mvm.fish; complete -C $argv[2]' "$COMPLETION" "$1" | cut -f 1 | sort | paste -sd '|')
        [ "$found" = "$2" ] || { echo "'$1' is completed to: $found"; return 1; }
    }
    fish_offers "mvm ho" "host"
    fish_offers "mvm host " "check|tune"
    fish_offers "mvm scale --engine qemu --memory" "--memory|--memory-limit"
    fish_offers "mvm scale --engine=q" "--engine=qemu"
    fish_offers "mvm image show im" "image.img"
    fish_offers "mvm scale --out=a" "--out=a folder/"
}
