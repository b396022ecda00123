#!/usr/bin/env bash
# A real S3 server of one node on loopback, for tests and for trying things out: Ceph's monitor, object store and gateway.
# It holds nothing that matters: one copy, no recovery. Needs the packages of infra/ci-packages.sh; no root.
#
#   infra/radosgw.sh start FOLDER PORT ACCESS_KEY SECRET_KEY    new FOLDER; returns when http://127.0.0.1:PORT answers
#   infra/radosgw.sh stop FOLDER
#
# PORT + 1 and PORT + 2 are the monitor's. The first start takes about 20 s; at most about 1 GB of memory.
set -euo pipefail

usage() { sed -n '5,6s/^# *//p' "$0" >&2; exit 2; }

configure() {  # folder port
  cat <<CONF
[global]
fsid=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)
mon_host=[v2:127.0.0.1:$(($2 + 1)),v1:127.0.0.1:$(($2 + 2))]
public_network=127.0.0.0/8
auth_cluster_required=cephx
auth_service_required=cephx
auth_client_required=cephx
auth_allow_insecure_global_id_reclaim=true
keyring=$1/keyring
mon_data=$1/mon
osd_data=$1/osd
run_dir=$1/run
crash_dir=$1/run
admin_socket=$1/run/\$name.asok
pid_file=$1/run/\$name.pid
log_file=$1/log/\$name.log
setuser_match_path=
osd_crush_chooseleaf_type=0
osd_pool_default_size=1
osd_pool_default_min_size=1
osd_pool_default_pg_num=8
osd_pool_default_pg_autoscale_mode=off
mon_allow_pool_size_one=true
mon_warn_on_pool_no_redundancy=false
mon_pg_warn_min_per_osd=0
[osd]
osd_objectstore=bluestore
bluestore_block_size=8589934592
bluestore_block_create=true
osd_memory_target=939524096
[client.rgw]
rgw_frontends=beast endpoint=127.0.0.1:$2
rgw_enable_usage_log=false
rgw_thread_pool_size=32
CONF
}

make_keys() {  # folder
  ceph-authtool --create-keyring "$1/keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$1/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  ceph-authtool "$1/keyring" --gen-key -n client.rgw --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$1/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
}

start_monitor() {  # folder port
  monmaptool --create --addv a "[v2:127.0.0.1:$(($2 + 1)),v1:127.0.0.1:$(($2 + 2))]" \
    --fsid "$(sed -n 's/^fsid=//p' "$1/ceph.conf")" "$1/monmap"
  ceph-mon --mkfs -i a --monmap "$1/monmap" --keyring "$1/keyring"
  ceph-mon -i a
}

start_store() {
  local uuid id
  uuid=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)
  id=$(ceph --connect-timeout 30 osd new "$uuid")
  ceph-osd -i "$id" --mkfs --osd-uuid "$uuid"
  ceph auth import -i "$1/keyring"
  ceph-osd -i "$id"
}

start_gateway() {  # folder port access-key secret-key
  radosgw -n client.rgw
  curl -s -m 60 -o /dev/null --retry 120 --retry-delay 1 --retry-max-time 60 --retry-connrefused "http://127.0.0.1:$2/"
  radosgw-admin user create --uid=local --display-name=local --access-key="$3" --secret-key="$4"
}

start() {
  mkdir -p "$1"
  folder=$(cd "$1" && pwd)
  mkdir -p "$folder"/{mon,osd,run,log}
  configure "$folder" "$2" >"$folder/ceph.conf"
  export CEPH_CONF=$folder/ceph.conf
  exec 3>&2 >"$folder/log/start.log" 2>&1
  trap 'give_up "$folder"' EXIT
  make_keys "$folder"
  start_monitor "$folder" "$2"
  start_store "$folder"
  start_gateway "$folder" "$2" "$3" "$4"
  trap - EXIT
}

give_up() {  # folder
  echo "radosgw: expected to start, failed; the last lines of $1/log/start.log:" >&3
  tail -5 "$1/log/start.log" >&3
  stop "$1"
}

stop() {  # only processes that run/ names, and only while they still are Ceph's
  local file pid
  for file in "$1"/run/client.rgw.pid "$1"/run/osd.*.pid "$1"/run/mon.a.pid; do
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    case "$(ps -o comm= -p "$pid" 2>/dev/null || true)" in
      radosgw | ceph-osd | ceph-mon) end "$pid" ;;
    esac
  done
}

end() {  # pid
  kill "$1"
  for _ in $(seq 1 100); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$1"
}

case "${1:-}" in
  start) [ $# -eq 5 ] || usage; start "$2" "$3" "$4" "$5" ;;
  stop) [ $# -eq 2 ] || usage; stop "$2" ;;
  *) usage ;;
esac
