# Rules leave a service untracked: it passes both ways, and nothing is in the table.
serve_names
for address in "${OUTSIDE[@]}"; do
    resolve "$address"
done
logged 'packet eth0 [0-9]+ UNTRACKED accept'
logged 'packet eth1 [0-9]+ UNTRACKED accept'
not_logged '\[NEW\] udp '
