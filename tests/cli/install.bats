# SPDX-License-Identifier: GPL-3.0-or-later
# meson install honours DESTDIR, and what is installed runs without the source; mvm --version; the examples, by what is installed.

load common

setup_file() {
    command -v meson >/dev/null || skip "meson is not installed"
    # BUILD is the build folder that the tests belong to.
    export BUILD=${MVM_BUILD:-$BATS_TEST_DIRNAME/../../build}
    export ROOT="$BATS_FILE_TMPDIR/root"
    DESTDIR="$ROOT" meson install -C "$BUILD" --no-rebuild --quiet >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" >&2 && return 1; }
    export PREFIX="$ROOT$(meson introspect "$BUILD" --buildoptions | jq -r '.[] | select(.name == "prefix").value')"
    export SHARE="$PREFIX/share"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    export TMPDIR="$BATS_TEST_TMPDIR"
    PATH="$PREFIX/bin:$PATH"
}

@test "the program, its pages and the guests' source are below the prefix in DESTDIR, and nothing is elsewhere" {
    [ "$(command -v mvm)" = "$PREFIX/bin/mvm" ]
    [ -s "$SHARE/doc/mvm/README.md" ]
    [ -s "$SHARE/doc/mvm/docs/standard-test.md" ]
    [ -s "$SHARE/doc/mvm/data/study-2013.md" ]
    [ -s "$SHARE/mvm/guests/common.inc" ]
    run find "$ROOT" -type f -not -path "$PREFIX/*"
    [ -z "$output" ]
}

@test "links from page to page hold where they are installed" {
    run python3 - "$SHARE/doc/mvm" <<'END'
import os, re, sys
broken = []
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".md"):
            page = os.path.join(folder, name)
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", open(page, encoding="utf-8").read()):
                target = os.path.normpath(os.path.join(folder, link))
                # Of the source itself pages speak too, which is not installed.
                if not os.path.exists(target) and not re.search(r"(^|/)(src|third_party|tests)/", link):
                    broken.append(f"{os.path.relpath(page, sys.argv[1])}: {link}")
print("\n".join(broken))
sys.exit(1 if broken else 0)
END
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "what is installed needs nothing beside it" {
    mkdir empty
    cd empty
    env -i PATH=/usr/bin:/bin TMPDIR="$TMPDIR" HOME=/nonexistent "$PREFIX/bin/mvm" image build \
        --guest web --route /=Hello --out web.img
    [ "$(stat -c %s web.img)" -eq 512 ]
    # A program that knows where it was built would not be the same bytes when it is built elsewhere.
    run grep -cF "$(dirname "$(realpath "$BUILD")")" "$PREFIX/bin/mvm"
    [ "$output" = 0 ]
}

@test "--version tells what it was built with, as text and as JSON" {
    run mvm --version
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" == "mvm "[0-9]* ]]
    [[ "$output" == *"engines: "*vmm*qemu* ]]
    mvm --version --json >version.json
    of_schema version version.json
    jq -e '(.engines | index("vmm") != null) and (.libraries.zlib | test("^[0-9]")) and (.kvm_header | test("^[0-9]+[.][0-9]+$"))
        and (.linking == "dynamic" or .linking == "static")' version.json
    [[ "$output" == *"jansson $(jq -r .libraries.jansson version.json)"* ]]
    # As its packagers know it, when they are Debian.
    if [ "$(mvm --version --json | jq -r .linking)" = dynamic ] && zlib=$(dpkg-query -W -f '${Version}' zlib1g 2>/dev/null); then
        [[ "$zlib" == *"$(jq -r .libraries.zlib version.json)"* ]]
    fi
    wrong="'--jsn'" refused mvm --version --jsn
    wrong="'more'" refused mvm --version --json more
}

@test "examples: a guest of one's own, assembled with what is installed, is a VM that answers" {
    nasm -f bin -Werror -I "$SHARE/mvm/guests/" -DKIB=8 -o touch.img "$SHARE/doc/mvm/examples/touch.asm"
    mvm image show touch.img --json | jq -e '.guest == "touch"'
    export XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR"
    env -i PATH=/usr/bin:/bin XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" HOME=/nonexistent "$PREFIX/bin/mvm" run --engine vmm --image touch.img \
        --count 3 --name touch --detach
    run mvm ask 2 '?Hello' --timeout 60s
    echo "$output"
    [[ "$output" == *'!bkign'* ]]
    mvm ls touch --json >state.json
    mvm stop
    jq -e '.. | objects | select(has("record_bytes")) | .record_bytes > 3 * 8192' state.json
}

@test "examples: a density study of three rates leaves a run for each, a picture and a table" {
    run "$SHARE/doc/mvm/examples/density-study" study --engine null --max 30 --intervals 1 $QUICK
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(jq -s 'map(.image.name) | length' study/*/result.json)" -eq 3 ]
    grep -q "500 Hz" study/timers.svg
    [[ "${lines[-1]}" == "study/500/result.json"* ]]
}

@test "examples: a VM that has become dearer fails a build, one that has not does not" {
    # What is measured is not what is tried here: runs that are there stand for it.
    mkdir bin
    cat >bin/mvm <<END
#!/bin/sh
[ "\$1" = scale ] || exec "$PREFIX/bin/mvm" "\$@"
while [ "\$1" != --out ]; do shift; done
rm -rf "\$2"
cp -R "\$MEASURED" "\$2"
END
    chmod +x bin/mvm
    PATH="$PWD/bin:$PATH"
    cp -R "${MVM_TEST_DATA:-$BATS_TEST_DIRNAME/../unit/data}/report/sleep" same
    cp -R same dearer
    jq '.per_vm.memory_bytes *= 1.1 | .per_vm.memory_bytes_ci95 |= map(. * 1.1)' same/result.json >dearer/result.json
    local ci="$SHARE/doc/mvm/examples/density-regression"
    MEASURED=same run "$ci" accepted new --engine qemu
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"nothing to compare with"* ]]
    MEASURED=same run "$ci" accepted new --engine qemu
    [ "$status" -eq 0 ]
    MEASURED=dearer run "$ci" accepted new --engine qemu
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"FAILED: memory per VM"* ]]
    MEASURED=dearer FAIL_OVER=15 run "$ci" accepted new --engine qemu
    [ "$status" -eq 0 ]
    cmp same/result.json accepted/result.json
}
