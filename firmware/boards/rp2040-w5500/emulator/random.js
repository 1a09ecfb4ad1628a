// Numbers that look random, and are the same on each run.

/** Draws words of 32 bits from a seed that is not 0, by Marsaglia's xorshift. */
export function xorshift(seed) {
    let state = seed;
    return () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return state;
    };
}
