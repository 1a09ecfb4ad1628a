# What the scenes before this one were not let do stands in the board's status.
for pattern in "${COUNTED[@]}"; do
    logged "$pattern"
done
