# SPDX-License-Identifier: GPL-3.0-or-later
# The settings of the bench's services. Sourced by up, with `bench`, `password` and the function database() in place.
# shellcheck shell=bash

identity() {
    cat <<END
auth_url = http://127.0.0.1:$keystone_port/v3
auth_type = password
username = admin
password = $password
project_name = admin
user_domain_name = Default
project_domain_name = Default
region_name = bench
END
}
token_check() {
    # A service may go on for a user whose token has ended meanwhile.
    printf '[keystone_authtoken]\nwww_authenticate_uri = http://127.0.0.1:%s\n' $keystone_port
    printf 'service_token_roles = admin\nservice_token_roles_required = true\n'
    identity
}
rabbit_url="rabbit://guest:guest@127.0.0.1:$rabbit_port/"

mkdir -p "$bench/etc/keystone"
cat >"$bench/etc/keystone/keystone.conf" <<END
[database]
connection = $(database keystone)
[token]
provider = fernet
expiration = 3600
allow_expired_window = 3600
[cache]
enabled = false
[fernet_tokens]
key_repository = $bench/keys/fernet
[credential]
key_repository = $bench/keys/credential
END

cat >"$bench/etc/glance.conf" <<END
[DEFAULT]
bind_host = 127.0.0.1
bind_port = $glance_port
workers = 1
[database]
connection = $(database glance)
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = $bench/images
[paste_deploy]
flavor = keystone
config_file = /usr/share/glance-common/glance-api-paste.ini
[oslo_concurrency]
lock_path = $bench/locks
$(token_check)
END

cat >"$bench/etc/placement.conf" <<END
[placement_database]
connection = $(database placement)
[api]
auth_strategy = keystone
$(token_check)
END

# Networks as Neutron keeps them, and nothing that would make any of them.
cat >"$bench/etc/neutron.conf" <<END
[DEFAULT]
bind_host = 127.0.0.1
bind_port = $neutron_port
core_plugin = ml2
service_plugins =
api_workers = 1
rpc_workers = 0
rpc_state_report_workers = 0
state_path = $bench/neutron
api_paste_config = /usr/share/neutron-common/api-paste.ini
transport_url = $rabbit_url
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
[ml2]
type_drivers = local
tenant_network_types = local
mechanism_drivers =
extension_drivers =
[database]
connection = $(database neutron)
[oslo_concurrency]
lock_path = $bench/locks
$(token_check)
END

# nova_common SETTINGS [PORTS LOCKS]: what every service of Nova is told; nova-compute has no database.
nova_common() {
    cat <<END
[DEFAULT]
transport_url = $rabbit_url
state_path = $bench/nova
my_ip = 127.0.0.1
enabled_apis = osapi_compute
osapi_compute_listen = 127.0.0.1
osapi_compute_listen_port = $nova_port
osapi_compute_workers = 1
initial_ram_allocation_ratio = 10000
initial_disk_allocation_ratio = 10000
reserved_host_memory_mb = 0
reserved_host_disk_mb = 0
heal_instance_info_cache_interval = -1
shutdown_timeout = 0
graceful_shutdown_timeout = 2
max_concurrent_builds = 10
$1
[api]
auth_strategy = keystone
[wsgi]
api_paste_config = /usr/share/nova-common/api-paste.ini
[conductor]
workers = 1
[scheduler]
workers = 1
# Hosts with few vCPUs get as many servers as others, as long as they have any.
[filter_scheduler]
cpu_weight_multiplier = 0
discover_hosts_in_cells_interval = 10
[quota]
instances = -1
cores = -1
ram = -1
[vnc]
enabled = false
[serial_console]
enabled = true
base_url = ws://127.0.0.1:$serial_port/
serialproxy_host = 127.0.0.1
serialproxy_port = $serial_port
proxyclient_address = 127.0.0.1
port_range = ${2:-10000:10000}
[libvirt]
virt_type = qemu
cpu_mode = none
[oslo_concurrency]
lock_path = ${3:-$bench/locks}
[glance]
api_servers = http://127.0.0.1:$glance_port
[placement]
$(identity)
[neutron]
endpoint_override = http://127.0.0.1:$neutron_port
$(identity)
[service_user]
send_service_user_token = true
$(identity)
[nova_sys_admin]
helper_command = privsep-helper --config-file $bench/etc/nova.conf
[vif_plug_ovs_privileged]
helper_command = privsep-helper --config-file $bench/etc/nova.conf
$(token_check)
END
}
nova_common "" >"$bench/etc/nova.conf"
cat >>"$bench/etc/nova.conf" <<END
[api_database]
connection = $(database nova_api)
[database]
connection = $(database nova)
END
# The host three gives out first: it may give away four vCPUs for each CPU.
ports=10000
for host in $hosts; do
    ratio=10000
    [ "$host" != three ] || ratio=4
    nova_common "compute_driver = libvirt.LibvirtDriver
host = $host
initial_cpu_allocation_ratio = $ratio
instances_path = $bench/hosts/$host/instances" "$ports:$((ports + 2999))" "$bench/hosts/$host/locks" >"$bench/etc/compute-$host.conf"
    ports=$((ports + 3000))
    cat >"$bench/hosts/$host/etc/qemu.conf" <<END
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
END
    cat >"$bench/hosts/$host/etc/libvirtd.conf" <<END
auth_unix_ro = "none"
auth_unix_rw = "none"
END
done
echo "listeners.tcp.default = 127.0.0.1:$rabbit_port" >"$bench/rabbit/rabbitmq.conf"
echo "[]." >"$bench/rabbit/plugins"

(umask 077 && cat >"$bench/clouds.yaml" <<END
clouds:
  bench:
    region_name: bench
    auth:
      auth_url: http://127.0.0.1:$keystone_port/v3
      username: admin
      password: $password
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
END
)
