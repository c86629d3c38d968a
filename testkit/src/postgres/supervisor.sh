# Keeps one PostgreSQL server for a test process: supervisor.sh BIN.
# Each line on standard input is a port to start the server on. When standard input ends, however the
# test process ended, the server is stopped and its directory removed.
set -u
umask 077
bin=$1
directory=$(mktemp -d "${TMPDIR:-/tmp}/tidewire-postgres.XXXXXX") || exit 1
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit 1

if ! "$bin/initdb" -D data -U tidewire -A trust -E UTF8 --no-locale --no-sync >log 2>&1; then
    cat log
    exit 1
fi
echo "directory $directory"

serve() {
    "$bin/postgres" -D data -k "$directory" -h 127.0.0.1 -p "$1" -c fsync=on \
        -c max_connections=200 -c shared_buffers=32MB -c max_wal_size=256MB \
        -c autovacuum_naptime=10min >>log 2>&1 &
    echo $! >pid
    echo "started $!"
    wait $!
    rm -f pid running
    echo exited
}

while read -r port; do
    : >running
    serve "$port" &
done

# A server that is only just starting may miss a signal, so it is repeated; and it must not outlive
# this script, so in the end it is not asked any more.
tries=0
while [ -e running ]; do
    signal=QUIT
    [ "$tries" -gt 100 ] && signal=KILL
    [ -s pid ] && kill "-$signal" "$(cat pid)" 2>/dev/null
    tries=$((tries + 1))
    sleep 0.1
done
