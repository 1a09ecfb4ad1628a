//! What crosses keeptrack's crates: one test binary, and what the fuzz targets share with it.

#[cfg(test)]
#[cfg(feature = "host")]
mod acct;
#[cfg(test)]
mod answer;
#[cfg(feature = "host")]
pub mod attack;
#[cfg(feature = "host")]
pub mod boards;
#[cfg(test)]
mod checksum;
#[cfg(feature = "host")]
pub mod fragments;
#[cfg(test)]
mod frames;
#[cfg(feature = "host")]
pub mod ftp;
#[cfg(test)]
mod full;
pub mod fuzzing;
#[cfg(feature = "host")]
pub mod generate;
#[cfg(feature = "host")]
pub mod golden;
#[cfg(test)]
mod gre;
#[cfg(feature = "host")]
pub mod host;
#[cfg(test)]
mod image;
#[cfg(feature = "host")]
pub mod judge;
#[cfg(feature = "host")]
pub mod kernel;
pub mod large;
#[cfg(all(feature = "host", target_os = "linux"))]
pub mod lints;
mod memory;
#[cfg(test)]
mod model;
#[cfg(all(feature = "host", target_os = "linux"))]
pub mod nf;
#[cfg(feature = "host")]
pub mod ours;
#[cfg(test)]
mod parse_vs_etherparse;
#[cfg(feature = "host")]
pub mod pasted;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod regress;
#[cfg(all(feature = "host", target_os = "linux"))]
pub mod relive;
#[cfg(test)]
mod restore;
#[cfg(feature = "host")]
pub mod rows;
#[cfg(test)]
mod sctp;
#[cfg(test)]
mod sctp_table;
#[cfg(feature = "host")]
pub mod seeds;
#[cfg(feature = "host")]
pub mod tablefull;
#[cfg(test)]
mod tcp;
#[cfg(test)]
mod tcp_table;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod tidy;
#[cfg(feature = "host")]
pub mod told;
#[cfg(test)]
mod udp_icmp;
#[cfg(test)]
mod wheel;
#[cfg(feature = "host")]
pub mod wild_kernel;
