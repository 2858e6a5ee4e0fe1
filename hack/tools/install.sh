#!/bin/sh
# Unpacks the real servers and clients that the tests use below .tools/, without root and without installing anything.
# Each tool is one distribution package (with the libraries it needs) from the mirror that this machine's apt already
# uses. Already present: nothing is fetched. Missing: said loudly; with CI=true that is a failure.
set -u

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
TOOLS="$ROOT/.tools"
APT="$TOOLS/apt"
BIN="$TOOLS/bin"
MISSING=""
IS_UPDATED=""
# what a slim system lacks of dig's libraries
DIG_LIBRARIES="libjemalloc2 libmaxminddb0 libfstrm0 libprotobuf-c1 liblmdb0 libuv1 libjson-c5 libnghttp2-14 libxml2 libicu72 libidn2-0 libunistring2"
# what a slim system lacks of HAProxy's libraries
HAPROXY_LIBRARIES="liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 libpcre2-8-0 libsystemd0 libssl3 libcrypt1"
# the server of ZooKeeper and the libraries it starts with; a Java runtime only where there is none
ZOOKEEPER_LIBRARIES="libzookeeper-java libslf4j-java libcommons-cli-java libcommons-io-java libnetty-java \
libjackson2-core-java libjackson2-databind-java libjackson2-annotations-java libsnappy-java libdropwizard-metrics-java \
libjetty9-java libservlet-api-java liblog4j1.2-java libfindbugs-annotations-java"
# the parts that answer over the network, and what a slim system lacks of their libraries
PCP_LIBRARIES="libpcp3 libpcp-mmv1 libpcp-pmda3 libpcp-web1 pcp-conf libuv1 libssl3 libsasl2-2 libavahi-client3 libavahi-common3 libdbus-1-3"
command -v java >/dev/null 2>&1 || ZOOKEEPER_LIBRARIES="$ZOOKEEPER_LIBRARIES openjdk-17-jre-headless"

main() {
  mkdir -p "$BIN"
  # tool | suites in order of preference | packages | program below the unpacked tree | name in .tools/bin
  tool etcd         "trixie bookworm"   "etcd-server"        usr/bin/etcd     etcd
  tool etcdctl      "trixie bookworm"   "etcd-client"        usr/bin/etcdctl  etcdctl
  tool etcd-3.4     "bookworm"          "etcd-server"        usr/bin/etcd     etcd-3.4
  tool kubectl      "trixie"            "kubectl kubernetes-client" usr/bin/kubectl kubectl
  tool kubectl-1.20 "bookworm bullseye" "kubernetes-client"  usr/bin/kubectl  kubectl-1.20
  tool consul       "bullseye"          "consul"             usr/bin/consul   consul
  tool dig          "bookworm"          "bind9-dnsutils bind9-libs $DIG_LIBRARIES" usr/bin/dig dig
  tool haproxy      "bookworm"          "haproxy $HAPROXY_LIBRARIES" usr/sbin/haproxy haproxy
  tool influxd      "bookworm bullseye" "influxdb"           usr/bin/influxd  influxd
  tool pcp          "bookworm"          "pcp $PCP_LIBRARIES" usr/lib/pcp/bin/pmproxy pcp
  tool zookeeper    "bookworm"          "zookeeper $ZOOKEEPER_LIBRARIES" usr/share/zookeeper/bin/zkServer.sh zookeeper
  report
}

# tool NAME SUITES PACKAGES PROGRAM LINK
tool() {
  if [ -f "$TOOLS/$1/.complete" ] && [ -x "$BIN/$5" ]; then
    echo "tools: $1 is present ($(cat "$TOOLS/$1/.complete"))"
    return 0
  fi
  for suite in $2; do
    if unpack "$1" "$suite" "$3" "$4"; then
      link "$1" "$4" "$5"
      echo "$found" >"$TOOLS/$1/.complete"
      echo "tools: $1 installed ($found)"
      return 0
    fi
  done
  MISSING="$MISSING $1"
}

# Of the packages, those that the suite has; at least one must carry the program.
unpack() {
  prepare_apt || return 1
  stage="$TOOLS/$1.partial"
  rm -rf "$stage"
  mkdir -p "$stage/debs" "$stage/tree"
  found=""
  for package in $3; do
    version=$(version_of "$package" "$2")
    [ -n "$version" ] || continue
    (cd "$stage/debs" && private apt-get download -q "$package=$version" >"$stage/log" 2>&1) ||
      { cat "$stage/log" >&2; continue; }
    found="$found${found:+, }$package $version from $2"
  done
  for deb in "$stage"/debs/*.deb; do
    [ -f "$deb" ] && dpkg -x "$deb" "$stage/tree"
  done
  if [ ! -x "$stage/tree/$4" ]; then
    echo "tools: $2 has no $4" >&2
    rm -rf "$stage"
    return 1
  fi
  rm -rf "${TOOLS:?}/$1"
  mv "$stage/tree" "$TOOLS/$1"
  rm -rf "$stage"
}

# A wrapper, so that a program finds libraries that were unpacked beside it.
link() {
  case "$1" in
    zookeeper) link_zookeeper >"$BIN/$3.partial" ;;
    pcp) link_pcp >"$BIN/$3.partial" ;;
    *) link_program "$1" "$2" >"$BIN/$3.partial" ;;
  esac
  chmod +x "$BIN/$3.partial"
  mv "$BIN/$3.partial" "$BIN/$3"
}

# Its one argument is the configuration file.
link_zookeeper() {
  cat <<'WRAPPER'
#!/bin/sh
tools=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
java=$(command -v java || echo "$tools"/zookeeper/usr/lib/jvm/java-17-*/bin/java)
exec $java -cp "$tools/zookeeper/usr/share/java/*" org.apache.zookeeper.server.quorum.QuorumPeerMain "$@"
WRAPPER
}

# Its arguments are the name of one of its daemons, a directory to work in, and the daemon's own arguments.
link_pcp() {
  cat <<'WRAPPER'
#!/bin/sh
root=$(cd "$(dirname "$(readlink -f "$0")")/../pcp" && pwd)
daemon=$1
work=$2
shift 2
export LD_LIBRARY_PATH="$root/usr/lib:$root/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PCP_CONF="$root/etc/pcp.conf" PCP_SYSCONF_DIR="$root/etc/pcp" PCP_VAR_DIR="$root/var/lib/pcp"
export PCP_BINADM_DIR="$root/usr/lib/pcp/bin" PCP_TLSCONF_PATH="$root/etc/pcp/tls.conf"
export PCP_PMDAS_DIR="$root/usr/lib/pcp/pmdas" PCP_PMDASADM_DIR="$root/usr/lib/pcp/pmdas"
export PCP_RUN_DIR="$work" PCP_LOG_DIR="$work" PCP_TMP_DIR="$work" PCP_TMPFILE_DIR="$work"
exec "$root/usr/lib/pcp/bin/$daemon" "$@"
WRAPPER
}

link_program() {
  libraries=$(cd "$TOOLS/$1" && find . -type f -name '*.so*' -exec dirname {} \; | sort -u | sed 's|^\./||')
  echo '#!/bin/sh'
  echo 'tools=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)'
  for folder in $libraries; do
    echo "export LD_LIBRARY_PATH=\"\$tools/$1/$folder\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\""
  done
  echo "exec \"\$tools/$1/$2\" \"\$@\""
}

version_of() {
  private apt-cache madison "$1" 2>/dev/null |
    awk -F'|' -v suite="$2" '$3 ~ " " suite "(-security|-updates)?/" { gsub(/ /, "", $2); print $2; exit }'
}

# apt with its own sources, lists and cache below .tools/apt; proxies and credentials stay those of the machine.
private() {
  program=$1
  shift
  "$program" -o Dir::Etc::sourcelist="$APT/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferences=- \
    -o Dir::Etc::preferencesparts=- -o Dir::State="$APT/state" -o Dir::State::status="$APT/status" \
    -o Dir::Cache="$APT/cache" -o Dir::Log="$APT/log" -o APT::Sandbox::User= -o Acquire::Languages=none \
    -o Acquire::Retries=2 -o Debug::NoLocking=1 "$@"
}

prepare_apt() {
  [ -z "$IS_UPDATED" ] || [ "$IS_UPDATED" = yes ] || return 1
  [ "$IS_UPDATED" != yes ] || return 0
  IS_UPDATED=failed
  for program in apt-get apt-cache dpkg awk; do
    command -v "$program" >/dev/null 2>&1 || { echo "tools: no $program on this platform" >&2; return 1; }
  done
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u | grep -m1 '/debian/$')
  if [ -z "$mirror" ]; then
    echo "tools: this machine's apt knows no Debian mirror; run apt-get update, or add one" >&2
    return 1
  fi
  mkdir -p "$APT/state/lists/partial" "$APT/cache/archives/partial" "$APT/log"
  : >"$APT/status"
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  options=""
  [ ! -f "$keys" ] || options="[signed-by=$keys] "
  for suite in trixie bookworm bullseye; do
    echo "deb $options$mirror $suite main"
  done >"$APT/sources.list"
  echo "tools: reading the package lists of $(wc -l <"$APT/sources.list") Debian suites"
  # one unreachable suite must not cost the others: what was read decides, not the exit code
  private apt-get update -q >"$APT/log/update" 2>&1 || cat "$APT/log/update" >&2
  IS_UPDATED=yes
}

report() {
  if [ -z "$MISSING" ]; then
    echo "tools: all present in .tools/bin"
    return 0
  fi
  echo "" >&2
  echo "tools: NOT INSTALLED:$MISSING" >&2
  echo "tools: tests that need them will be skipped, loudly. To run them, put the programs into .tools/bin." >&2
  [ "${CI:-}" != true ] || exit 1
}

main
