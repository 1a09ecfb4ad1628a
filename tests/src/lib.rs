//! What crosses keeptrack's crates: one test binary, and what the fuzz targets share with it.

#[cfg(test)]
mod answer;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod full;
pub mod fuzzing;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "host")]
pub mod kernel;
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
mod tcp;
#[cfg(test)]
mod tcp_table;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod udp_icmp;
#[cfg(test)]
mod wheel;
