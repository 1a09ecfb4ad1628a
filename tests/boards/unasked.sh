# Nobody outside opens a connection: no answer comes, and there is nothing in the table.
serve_files "$A" 8001 1
for address in "${INSIDE[@]}"; do
    refused "$B" "$address" 8001
    silent "$B" "$address"
done
