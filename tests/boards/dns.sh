# A name is asked for over UDP, and the answer let in.
serve_names
for address in "${OUTSIDE[@]}"; do
    resolve "$address"
done
