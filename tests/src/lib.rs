//! What crosses keeptrack's crates: one test binary, and what the fuzz targets share with it.

#[cfg(test)]
#[cfg(feature = "host")]
mod acct;
#[cfg(test)]
mod answer;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod full;
pub mod fuzzing;
#[cfg(test)]
mod gre;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "host")]
pub mod kernel;
pub mod large;
mod memory;
#[cfg(test)]
mod model;
#[cfg(test)]
mod parse_vs_etherparse;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod regress;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod sctp;
#[cfg(test)]
mod sctp_table;
#[cfg(test)]
mod tcp;
#[cfg(test)]
mod tcp_table;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod udp_icmp;
#[cfg(test)]
mod wheel;
