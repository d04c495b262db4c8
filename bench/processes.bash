# SPDX-License-Identifier: GPL-3.0-or-later
# What the processes of VMs have for themselves, in KiB; sourced.

# kib_of PID: of one process, private memory and page tables; nothing when it is gone.
kib_of() {
    cat "/proc/$1/smaps_rollup" "/proc/$1/status" 2>/dev/null | awk '/^Private_|^VmPTE/ { s += $2 } END { if (s) print s }' || true
}

# own_kib PATTERN: the mean of some of the processes whose command line has the pattern; nothing when there are none.
own_kib() {
    local process
    for process in $(pgrep -f -- "$1" | shuf -n 20 || true); do
        kib_of "$process"
    done | awk '{ s += $1 } END { if (NR) printf "%.0f\n", s / NR }'
}

# process_kib MVM VMS OPTIONS...: starts VMS VMs of the engine qemu, challenges all, and prints the mean of what each process has
# for itself, private memory and page tables, in KiB. This hardly changes with what else the host does.
process_kib() {
    local mvm=$1 vms=$2 run=process-kib-$$ process sum=0 count=0 kib
    shift 2
    "$mvm" run --engine qemu "$@" --count "$vms" --name "$run" --detach --quiet >/dev/null || { "$mvm" stop --run "$run" --quiet >/dev/null 2>&1; return 0; }
    sleep 1
    "$mvm" ask --run "$run" --challenge all >/dev/null || true
    # A fork server, if there is one, is the first.
    for process in $(pgrep -P "$("$mvm" ls "$run" --json | jq .pid)" | while read -r child; do
        case $(cat "/proc/$child/comm") in mvm*) ;; *) echo "$child" ;; esac
    done | tail -n "$vms"); do
        kib=$(kib_of "$process")
        [ -z "$kib" ] || sum=$((sum + kib)) count=$((count + 1))
    done
    "$mvm" stop --run "$run" --quiet >/dev/null
    echo $((count ? sum / count : 0))
}
