# Stops a shared test server once nobody needs it and removes its folder.
# $1: the folder. $2: seconds to wait for another user. Input: the read end of the folder's FIFO; every user holds
# a write end, so its end of file means that all of them are gone, killed or not.
trap '' HUP INT QUIT
folder=$1
users() { wc -l <"$folder/users" | tr -d ' '; }
locked() {
    if command -v flock >/dev/null; then flock 9
    elif command -v perl >/dev/null; then perl -e 'open(my $f, "<&=", 9); flock($f, 2)'
    fi
}
while :; do
    # Counted before reading: whoever comes later is noticed, whoever came earlier held the FIFO open.
    seen=$(users)
    cat >/dev/null
    [ "$(users)" = "$seen" ] || continue
    sleep "$2"
    exec 9<"$folder/lock" || exit 0
    locked
    [ "$(users)" = "$seen" ] && break
    exec 9<&-
done
ours() {
    [ -n "$1" ] || return 1
    if [ -e /proc/self/cmdline ]; then tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
    else ps -o command= -p "$1"
    fi | grep -qF "$folder"
}
server() { head -n 1 "$folder/server/pgdata/postmaster.pid" 2>/dev/null; }
stop() {
    pid=$(server)
    ours "$pid" || return 0
    kill -QUIT "$pid"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ours "$pid" || return 0
        sleep 0.1
    done
    kill -KILL "$pid"
}
stop
# Renamed first, so that nobody joins a folder that is half gone.
gone=$folder.gone.$$
mv "$folder" "$gone" || exit 1
for _ in 1 2 3; do
    rm -rf "$gone" && [ ! -e "$gone" ] && exit 0
    # A child of a killed user may still be writing.
    sleep 1
done
