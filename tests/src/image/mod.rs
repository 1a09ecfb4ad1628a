//! Does a gateway's image say what was written, decide as the rules say, and notice damage?

mod damage;
mod faults;
mod filter;
mod made;
mod raw;
mod round_trip;
