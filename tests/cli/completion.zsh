# SPDX-License-Identifier: GPL-3.0-or-later
# usage: completion.zsh FOLDER: types to a zsh on a terminal of its own, and looks at what it makes of Tab.
zmodload zsh/zpty zsh/datetime || exit 1
folder=$1

# wait_for TEXT: until it stands in what the shell has said since the last time.
wait_for() {
    local said= piece until=$((EPOCHSECONDS + 60))
    while (( EPOCHSECONDS < until )); do
        while zpty -r -t shell piece; do said+=$piece; done
        [[ $said == *"$1"* ]] && return
        zpty -t shell || break
        sleep 0.02
    done
    print -r -- "no '$1' in: ${(V)said}"
    return 1
}

# completes TYPED TEXT: Tab behind it shows the text.
completes() {
    zpty -w -n shell "$1"$'\t'
    wait_for "$2" || { print -r -- "typed: $1"; exit 1; }
    # The line is taken away, and what is left of its drawing is passed over.
    zpty -w -n shell $'\x15print -r -- NEXT-$((40 + 2))\n'
    wait_for "NEXT-42" || exit 1
}

zpty -b shell zsh -f -i || exit 1
zpty -w shell "PS1= ; stty columns 200; bindkey -e; setopt auto_list list_ambiguous; unsetopt list_beep menu_complete auto_menu
fpath=(${(q)folder} \$fpath); autoload -Uz compinit; compinit -u -D; print -r -- READY-\$((40 + 2))"
wait_for "READY-42" || exit 1
completes "mvm hos" "host"
completes "mvm host " "check"
completes "mvm scale --engine " "one QEMU process a VM"
completes "mvm scale --engine=q" "qemu"
completes "mvm scale --engine=vmm --cpu e" "emulated"
completes "mvm image show im" "image.img"
completes "mvm lab -- mvm scale --guest we" "web"
