# SPDX-License-Identifier: GPL-3.0-or-later
# What up, down and the tests of the bench have in common: where it is, its ports, and how its services are started and
# ended. To be sourced with the bench's folder in `bench`.
# shellcheck shell=bash

# All on 127.0.0.1, and none of them the usual one, so that nothing else on the host is in the way.
keystone_port=15000 glance_port=19292 placement_port=18778 nova_port=18774 neutron_port=19696 serial_port=16083
rabbit_port=15673 rabbit_distribution_port=25673 epmd_port=14369

# The compute hosts, each with a libvirtd and QEMUs of its own.
hosts="one two three"

# start NAME COMMAND...: in the background, its output in log/NAME, its id in pids/NAME. What it starts is in its
# session, whose number is that id. It has nothing of a test's that starts it: bats waits for who holds its
# descriptors, and removes its temporary folder.
start() {
    local name=$1
    shift
    (cd "$bench" && unset XDG_RUNTIME_DIR && TMPDIR="$bench/run" exec setsid "$@") >>"$bench/log/$name" 2>&1 </dev/null 3>&- 4>&- &
    echo $! >"$bench/pids/$name"
}

# alive NAME: whether a service that was started runs.
alive() {
    [ -f "$bench/pids/$1" ] && kill -0 "$(cat "$bench/pids/$1")" 2>/dev/null
}

# Processes of a session, but for those that have ended and wait for their parent.
of_session() {
    ps -o pid=,stat= -s "$1" | awk '$2 !~ /^Z/ { print $1 }'
}

# end NAME [SIGNAL]: ends a service and what it started; waits until all is gone, and kills what is not within 20 s.
end() {
    local name=$1 session turn
    [ -f "$bench/pids/$name" ] || return 0
    session=$(cat "$bench/pids/$name")
    # shellcheck disable=SC2046
    kill "-${2:-TERM}" $(of_session "$session") 2>/dev/null
    for turn in $(seq 100); do
        [ -n "$(of_session "$session")" ] || break
        [ "$turn" -lt 100 ] || kill -KILL $(of_session "$session") 2>/dev/null
        sleep 0.2
    done
    rm -f "$bench/pids/$name"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$until" ]; then
            echo "$what did not come within its time; its words are in $bench/log" >&2
            return 1
        fi
        sleep 0.3
    done
}

answers() {
    curl -s -o /dev/null --max-time 5 "http://127.0.0.1:$1/"
}

# inside HOST COMMAND...: in that compute host's view of the file system, where libvirt's folders are the host's own, and
# with its name.
inside() {
    local host=$1
    shift
    nsenter -m -u -t "$(cat "$bench/pids/view-$host")" -- "$@"
}

# start_inside HOST NAME COMMAND...: a service there.
start_inside() {
    local host=$1 name=$2
    shift 2
    start "$name" nsenter -m -u -t "$(cat "$bench/pids/view-$host")" -- "$@"
}

start_rabbit() {
    start rabbit env HOME="$bench/rabbit" RABBITMQ_NODENAME=mvm-bench@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
        RABBITMQ_NODE_PORT=$rabbit_port RABBITMQ_DIST_PORT=$rabbit_distribution_port \
        RABBITMQ_MNESIA_BASE="$bench/rabbit/mnesia" RABBITMQ_LOG_BASE="$bench/rabbit/log" \
        RABBITMQ_PID_FILE="$bench/rabbit/pid" RABBITMQ_ENABLED_PLUGINS_FILE="$bench/rabbit/plugins" \
        RABBITMQ_CONFIG_FILE="$bench/rabbit/rabbitmq" RABBITMQ_CONF_ENV_FILE="$bench/rabbit/none" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
        ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1 /usr/lib/rabbitmq/bin/rabbitmq-server
    wait_for 180 RabbitMQ bash -c "exec 3<>/dev/tcp/127.0.0.1/$rabbit_port"
}

# Without Connection: close, clients that keep theirs open see resets.
wsgi="uwsgi_python311 --master --die-on-term --need-app --processes 2 --add-header Connection:close --buffer-size 65535"

start_keystone() {
    # shellcheck disable=SC2086
    start keystone env OS_KEYSTONE_CONFIG_DIR="$bench/etc/keystone" OS_KEYSTONE_CONFIG_FILES=keystone.conf \
        $wsgi --http-socket 127.0.0.1:$keystone_port --wsgi-file /usr/bin/keystone-wsgi-public
    wait_for 180 Keystone answers $keystone_port
}

# start_compute HOST: its nova-compute.
start_compute() {
    start_inside "$1" "compute-$1" nova-compute --config-file "$bench/etc/compute-$1.conf"
}

start_api() {
    start nova-api nova-api --config-file "$bench/etc/nova.conf"
    wait_for 180 "Nova's API" answers $nova_port
}
