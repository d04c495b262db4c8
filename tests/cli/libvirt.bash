# SPDX-License-Identifier: GPL-3.0-or-later
# A libvirt daemon of a user's own, for tests and benches: in a private folder, without systemd or D-Bus; nothing outside of
# the folder is touched. Sourced; $SESSION is the folder, which is to be outside of private ones.

# What libvirt and mvm are to see: the daemon in this folder and no other, and none that they start themselves. Root's
# daemon is the system's, so root is nobody here.
session_user() {
    local as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
    ${SESSION_EXEC:-} "${as[@]}" env HOME="$SESSION" XDG_RUNTIME_DIR="$SESSION" XDG_CONFIG_HOME="$SESSION/config" \
        XDG_CACHE_HOME="$SESSION/cache" XDG_DATA_HOME="$SESSION/data" TMPDIR="$SESSION" LIBVIRT_AUTOSTART=0 "$@"
}

session_open() {
    SESSION=$(mktemp -d /tmp/mvm-session-XXXXXX)
    # The daemon looks at every QEMU that it finds; one is enough.
    mkdir "$SESSION/bin" "$SESSION/work"
    ln -s "$(command -v qemu-system-i386)" "$SESSION/bin/"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$SESSION"
    session_start
}

# Starts the daemon; also after it was killed.
session_start() {
    SESSION_EXEC=exec session_user env PATH="$SESSION/bin" "$(command -v libvirtd || echo /usr/sbin/libvirtd)" </dev/null >>"$SESSION/libvirtd.log" 2>&1 3>&- 4>&- &
    echo $! >"$SESSION/daemon"
    disown
    local deadline=$((SECONDS + 60))
    until session_user virsh -q -c qemu:///session list >/dev/null 2>&1; do
        [ "$SECONDS" -le "$deadline" ] || { echo "libvirtd does not answer:"; tail -n 5 "$SESSION/libvirtd.log"; session_close; return 1; }
        sleep 0.1
    done
}

session_kill() {
    kill -KILL "$(cat "$SESSION/daemon")"
    while kill -0 "$(cat "$SESSION/daemon")" 2>/dev/null; do sleep 0.05; done
    session_unlock
}

# A daemon that is killed leaves files that say whose a console's terminal is. They would keep another one from a terminal of
# that name, once another process has that number.
session_unlock() {
    local file
    for file in /var/lock/LCK.._pts_*; do
        [ "$(cat "$file" 2>/dev/null | tr -d ' ')" != "$(cat "$SESSION/daemon")" ] || rm -f "$file"
    done
}

# A system's daemon, whose QEMU runs as the user given; root's, and only in a mount namespace of its own, where the folders of
# the host's are covered by empty ones. Any user may connect to it.
system_open() {
    local folder
    mkdir -p "$SESSION/etc"
    for folder in /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
        [ ! -d "$folder" ] || mount -t tmpfs -o mode=755 tmpfs "$folder"
    done
    mkdir -p /etc/libvirt /run/lock # where the daemon notes whose console is open
    mount --bind "$SESSION/etc" /etc/libvirt
    printf '%s\n' 'unix_sock_rw_perms = "0777"' 'auth_unix_rw = "none"' >/etc/libvirt/libvirtd.conf
    printf '%s\n' "user = \"$1\"" "group = \"$1\"" 'security_driver = "none"' 'remember_owner = 0' \
        'cgroup_controllers = []' 'namespaces = []' 'stdio_handler = "file"' >/etc/libvirt/qemu.conf
    system_start
}

# Also after it was killed.
system_start() {
    local deadline=$((SECONDS + 60))
    PATH="$SESSION/bin" "$(command -v libvirtd || echo /usr/sbin/libvirtd)" </dev/null >>"$SESSION/system.log" 2>&1 3>&- 4>&- &
    SYSTEM=$!
    until virsh -q -c qemu:///system list >/dev/null 2>&1; do
        [ "$SECONDS" -le "$deadline" ] || { echo "libvirtd does not answer:"; tail -n 5 "$SESSION/system.log"; system_close; return 1; }
        sleep 0.1
    done
}

system_close() {
    kill "$SYSTEM" 2>/dev/null || true
    wait "$SYSTEM" || true
}

# Ends all domains and the daemon, and removes the folder.
session_close() {
    local name deadline=$((SECONDS + 5)) daemon
    daemon=$(cat "$SESSION/daemon")
    for name in $(session_user timeout 20 virsh -q -c qemu:///session list --name 2>/dev/null); do
        session_user timeout 20 virsh -q -c qemu:///session destroy "$name" >/dev/null 2>&1 || true
    done
    kill "$daemon" 2>/dev/null || true
    while kill -0 "$daemon" 2>/dev/null && [ "$SECONDS" -le "$deadline" ]; do sleep 0.05; done
    kill -KILL "$daemon" 2>/dev/null || true
    session_unlock
    rm -rf "$SESSION"
}
