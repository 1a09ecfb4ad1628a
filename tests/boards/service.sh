# A rule lets a service in: outside may open connections to it, and to nothing else.
serve_files "$A" 8080 100
for address in "${INSIDE[@]}"; do
    download "$B" "$address" 8080
done
logged "\[NEW\] tcp .*src=10[.0-9]* .*dport=8080"
logged "\[NEW\] tcp .*src=fd09:.* dport=8080"
logged 'packet eth1 [0-9]+ NEW accept'
