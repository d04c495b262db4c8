# SPDX-License-Identifier: GPL-3.0-or-later
# mvm report: tables, pictures and JSON of results; what bad input is told.

bats_require_minimum_version 1.5.0
load common

data() {
    echo "${MVM_TEST_DATA:-$BATS_TEST_DIRNAME/../unit/data}/report"
}

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR"
    MVM=$(realpath "$MVM")
    cp -r "$(data)/sleep" "$(data)/tick" "$BATS_TEST_TMPDIR/"
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "one run: table, and resources.svg in its directory" {
    run --separate-stderr "$MVM" report sleep
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ "$output" == "qemu sleep, share 4.00 GiB: 320 VMs, 320 of 320 answered, stopped by memory"* ]]
    [[ "$output" == *"picture: sleep/resources.svg" ]]
    cmp sleep/resources.svg "$(data)/sleep.svg"
}

@test "the file instead of the directory, with a slash, and by its bare name" {
    run "$MVM" report sleep/result.json
    [ "$status" -eq 0 ]
    [ -s sleep/resources.svg ]
    rm sleep/resources.svg
    run "$MVM" report sleep/
    [ "$status" -eq 0 ]
    [ -s sleep/resources.svg ]
    cd sleep
    rm resources.svg
    run "$MVM" report result.json
    [ "$status" -eq 0 ]
    [ -s resources.svg ]
}

@test "two runs: both tables, the summary, and report.svg here" {
    run "$MVM" report sleep tick
    [ "$status" -eq 0 ]
    [[ "$output" == *"qemu tick, share 4.00 GiB: 192 VMs"* ]]
    [[ "$output" == *"memory per VM"* ]]
    [[ "$output" == *"picture: report.svg" ]]
    [ -s report.svg ]
    [ ! -e sleep/resources.svg ]
}

@test "--out and --label" {
    run "$MVM" report sleep tick --out both.svg --label "<first>" --label second
    [ "$status" -eq 0 ]
    grep -q "1: &lt;first&gt;" both.svg
    grep -q "2: second" both.svg
    [ ! -e report.svg ]
}

@test "labels that would read the same name their path" {
    cp -r sleep again
    run "$MVM" report sleep again
    [ "$status" -eq 0 ]
    [[ "$output" == *"(again): 320 VMs"* ]]
}

@test "the picture is well-formed and can be rendered" {
    command -v rsvg-convert >/dev/null || skip "rsvg-convert is not installed"
    "$MVM" report sleep tick -o both.svg >/dev/null
    rsvg-convert both.svg -o both.png
    [ -s both.png ]
}

@test "--json holds the whole result" {
    command -v jq >/dev/null || skip "jq is not installed"
    "$MVM" report sleep tick --json >report.json
    [ "$(jq -r '.runs[1].result.stopped_by' report.json)" = cpu ]
    [ "$(jq -r '.picture' report.json)" = report.svg ]
    jq -e '.runs[0].result' report.json >one.json
    jq -e --slurpfile whole sleep/result.json '. == $whole[0]' one.json
}

@test "--help" {
    run --separate-stderr "$MVM" report --help
    [ "$status" -eq 0 ]
    [[ "$output" == "usage: mvm report"* ]]
    [[ "$output" == *"--out FILE "* ]]
    [[ "$output" == *"--html"* ]]
}

# Skipped where this mvm was built without FORMAT, which it tells.
need_format() {
    # With the sanitizers: fontconfig, which librsvg asks for fonts, keeps its cache until the process ends.
    echo "leak:libfontconfig" >suppressions
    export LSAN_OPTIONS=suppressions=$PWD/suppressions:print_suppressions=0
    run --separate-stderr "$MVM" report sleep --format "$1" --out "try.$1"
    if [[ "$stderr" == *"built without"* ]]; then
        [ "$status" -eq 2 ]
        skip "${stderr#mvm report: }"
    fi
    [ "$status" -eq 0 ]
}

@test "--memory draws where it went" {
    run "$MVM" report sleep --memory
    [ "$status" -eq 0 ]
    [[ "$output" == *"picture: sleep/memory.svg" ]]
    cmp sleep/memory.svg "$(data)/memory-one.svg"
}

@test "a table for a document is printed, or written where --out says" {
    "$MVM" report sleep tick --format markdown >summary.md
    [ "$(grep -c '^| qemu' summary.md)" -eq 2 ]
    "$MVM" report sleep tick --format latex --out summary.tex | grep -q "table: summary.tex"
    grep -q '^\\begin{tabular}' summary.tex
    "$MVM" report sleep tick --out other.tex >/dev/null
    cmp summary.tex other.tex
    run "$MVM" report sleep sleep sleep sleep sleep sleep sleep sleep sleep --format markdown
    [ "$status" -eq 0 ]
}

@test "PNG" {
    need_format png
    "$MVM" report sleep tick --out both.png | grep -q "picture: both.png"
    [ "$(head -c 8 both.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
    "$MVM" report sleep --memory --format png >/dev/null
    [ -s sleep/memory.png ]
}

@test "PDF, the same bytes again" {
    need_format pdf
    "$MVM" report sleep tick --out both.pdf >/dev/null
    "$MVM" report sleep tick --format pdf --out again.pdf >/dev/null
    [ "$(head -c 5 both.pdf)" = "%PDF-" ]
    cmp both.pdf again.pdf
}

@test "--html: runs and matrices in one page" {
    need_format html
    mkdir -p matrix
    cp "$(data)/../limits/limits.json" matrix/
    run --separate-stderr "$MVM" report --html sleep tick matrix --label "<b>&one"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ "$output" == *"page: report.html" ]]
    [ "$(grep -c 'id="figures"' report.html)" -eq 1 ]
    run grep -E "https?://[^ \"']*\.(js|css)|<link rel=.stylesheet|src=.http" report.html
    [ "$status" -eq 1 ]
    sed -n 's|.*id="figures">\(.*\)</script>.*|\1|p' report.html >figures.json
    [ "$(jq -r '[.runs[].label] | join(",")' figures.json)" = "<b>&one,qemu tick, share 4.00 GiB" ]
    [ "$(jq -r '.matrices[0].done' figures.json)" -eq 2 ]
    "$MVM" report sleep --html | grep -q "page: sleep/report.html"
    "$MVM" report --out other.html sleep tick matrix --label "<b>&one" >/dev/null
    cmp report.html other.html
    "$MVM" report --html matrix --out matrix.html | grep -q "page: matrix.html"
}

@test "--html takes the rows of a matrix as runs, and their samples" {
    need_format html
    mkdir -p matrix
    cp "$(data)/../limits/limits.json" matrix/
    cp -r tick matrix/01-i-1
    printf 'unix_seconds,cpu_percent\n1,5\n2,7\n' >matrix/01-i-1/samples.csv
    "$MVM" report --html matrix >/dev/null
    sed -n 's|.*id="figures">\(.*\)</script>.*|\1|p' matrix/report.html >figures.json
    jq -e '.runs | length == 1' figures.json
    jq -e '.runs[0] | .label == "I.1 timer runs, TCG, x86_64" and .samples.count == 2' figures.json
    jq -e '.runs[0].samples.curves.cpu == {"seconds": [0, 1], "percent": [5, 7]}' figures.json
    printf 'unix_seconds,cpu_percent\n1,5\nx,7\n' >matrix/01-i-1/samples.csv
    wrong="line 3: 'x' is not a number" refused "$MVM" report --html matrix
}

@test "a matrix of mvm limits: its tables, its picture, as documents" {
    mkdir -p matrix
    cp "$(data)/../limits/limits.json" matrix/
    run --separate-stderr "$MVM" report matrix
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ "$output" == *"I.1 timer runs"* ]]
    [[ "$output" == *"picture: matrix/limits.svg" ]]
    "$MVM" report matrix --format markdown | grep -q "^| I.1 timer runs"
    "$MVM" report matrix --format latex | grep -q "tabular"
    "$MVM" report matrix --json >report.json
    jq -e --slurpfile whole matrix/limits.json '.runs == [] and .matrices[0] == {"path": "matrix", "limits": $whole[0]}' report.json
    wrong="--qos draws runs" refused "$MVM" report matrix --qos
    wrong="whose picture stands alone" refused "$MVM" report matrix sleep
    sed 's|"mvm-limits/1"|"mvm-limits/2"|' matrix/limits.json >other && mv other matrix/limits.json
    wrong="mvm-limits/1" refused "$MVM" report matrix
}

@test "bad input is one sentence and exit status 2" {
    wrong="at least one run" refused "$MVM" report
    wrong="nowhere" refused "$MVM" report nowhere
    wrong="--colour" refused "$MVM" report sleep --colour red
    wrong="2 labels for 1 run" refused "$MVM" report sleep --label a --label b
    wrong="at most 8" refused "$MVM" report sleep sleep sleep sleep sleep sleep sleep sleep sleep
    wrong="--out" refused "$MVM" report sleep --out ""
    wrong="--format takes one of svg" refused "$MVM" report sleep --format gif
    wrong="two things" refused "$MVM" report sleep --html --format svg
    wrong="two pictures" refused "$MVM" report sleep --qos --memory
    wrong="two pictures" refused "$MVM" report sleep --memory --hosts
    wrong="on no other" refused "$MVM" report sleep --hosts
    wrong="the page has all of them" refused "$MVM" report sleep --html --qos
    wrong="a table has none" refused "$MVM" report sleep --format markdown --memory
    wrong="would both be printed" refused "$MVM" report sleep --format latex --json
    wrong="sleep has no load" refused "$MVM" report sleep --qos
    mkdir empty
    wrong="empty/result.json" refused "$MVM" report empty
}

@test "damaged results are told by their place" {
    head -c 2000 sleep/result.json >cut.json
    wrong="cut.json: not whole JSON: line" refused "$MVM" report cut.json
    : >none.json
    wrong="none.json: not whole JSON" refused "$MVM" report none.json
    sed 's|"mvm-result/1"|"mvm-result/9"|' sleep/result.json >other.json
    wrong=".schema is not" refused "$MVM" report other.json
    sed '0,/"vms": 16,/s//"vms": -16,/' sleep/result.json >negative.json
    wrong=".vms is negative" refused "$MVM" report negative.json
    [ ! -e resources.svg ]
}

@test "a picture that cannot be written is exit status 1" {
    run --separate-stderr "$MVM" report sleep --out nowhere/picture.svg
    [ "$status" -eq 1 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" == "mvm report: "*"nowhere"* ]]
}
