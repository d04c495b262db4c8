# SPDX-License-Identifier: GPL-3.0-or-later
# For the commands on the vmm; sourced. Takes MVM, the path of the program, from the first argument.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/values.bash"
mvm=$(realpath "${1:-$here/../build/mvm}")
bench=$(dirname "$mvm")/bench/vmm-bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -x "$bench" ] || { echo "$bench is not there; it is built with mvm: ninja -C build" >&2; exit 1; }

# image GUEST: the path of a built-in guest's image.
image() {
    [ -e "$work/$1.img" ] || "$mvm" image build --guest "$1" --out "$work/$1.img" >/dev/null
    echo "$work/$1.img"
}

# test_image NAME [-DNAME=VALUE]: the same of a guest of the tests.
test_image() {
    nasm -f bin -I "$here/../guests/" "${@:2}" -o "$work/$1${2:-}.img" "$here/../tests/guest/$1.asm"
    echo "$work/$1${2:-}.img"
}
