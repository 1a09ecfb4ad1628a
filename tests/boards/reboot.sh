# The board is reset in the middle of a file on its way out. It knows nothing of the connection then,
# and picks it up.
file=$DIR/scene/file
head -c 4M /dev/urandom >"$file"
in_b busybox nc -l -p 8002 >"$DIR/scene/received" &
receiver=$!
listens "$B" tcp 8002
{
    head -c 2M "$file"
    machine reset
    tail -c 2M "$file"
} | timeout 60 ip netns exec "$A" bash -c 'cat >/dev/tcp/10.9.0.2/8002' &
logged ' boot: '
wait $receiver
cmp "$file" "$DIR/scene/received" || fail 'the file came otherwise than it was sent'
pings "$A" fd09::2
