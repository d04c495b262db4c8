# SPDX-License-Identifier: GPL-3.0-or-later
# What the processes of VMs have for themselves; sourced.

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
        kib=$(cat "/proc/$process/smaps_rollup" "/proc/$process/status" | awk '/^Private_|^VmPTE/ { s += $2 } END { print s }')
        sum=$((sum + kib)) count=$((count + 1))
    done
    "$mvm" stop --run "$run" --quiet >/dev/null
    echo $((count ? sum / count : 0))
}
