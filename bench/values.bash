# SPDX-License-Identifier: GPL-3.0-or-later
# Figures out of what the programs here print, which are lines of NAME=VALUE pairs; sourced. A bench that runs itself again
# in the laboratory takes this file along.

# values NAME: all values of NAME on standard input, a line each, in their order.
values() {
    tr ' ' '\n' | sed -n "s/^$1=//p"
}

# value NAME: the last of them.
value() {
    values "$1" | tail -n 1
}

# middle: the median of the lines of standard input; nothing when there are none.
middle() {
    sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}

# median NAME FILE...: of the values of NAME in files of one run each.
median() {
    local name=$1
    shift
    for file in "$@"; do value "$name" <"$file"; done | middle
}

# grouped NUMBER: with commas between thousands.
grouped() {
    printf '%.0f' "$1" | sed ':a; s/\B[0-9]\{3\}\>/,&/; ta'
}

# total: the sum of the lines of standard input.
total() {
    awk '{ sum += $1 } END { print sum + 0 }'
}
