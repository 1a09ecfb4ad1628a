//! Packets in a line of words.

use std::fmt;

use super::{About, Body, Chunk, Gre, Icmp, Ip, Length, More, Rest, Sctp, Sum, Tcp, Udp};

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {} ", self.from, self.to)?;
        for extension in &self.extensions {
            write!(f, "extension {} ", extension.kind)?;
            if let Some(len) = extension.stated_len {
                write!(f, "of length {len} ")?;
            }
        }
        if self.options_len > 0 {
            write!(f, "IP options {} ", self.options_len)?;
        }
        self.body.fmt(f)?;
        match self.length {
            Length::True => {}
            Length::Cut(len) => write!(f, ", cut to {len}")?,
            Length::Less(by) => write!(f, ", IP length {by} too short")?,
            Length::More(by) => write!(f, ", IP length {by} too long")?,
        }
        if let Some(part) = self.part {
            write!(f, ", fragment {} at {}", part.id, u32::from(part.offset) * 8)?;
            if let Some(len) = part.len {
                write!(f, " of {len}")?;
            }
            f.write_str(if part.more == More::Follow { ", more" } else { ", last" })?;
        }
        if self.hop_limit == 64 { Ok(()) } else { write!(f, ", hop limit {}", self.hop_limit) }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(tcp) => tcp.fmt(f),
            Self::Udp(udp) => udp.fmt(f),
            Self::Icmp(icmp) => icmp.fmt(f),
            Self::Sctp(sctp) => sctp.fmt(f),
            Self::Gre(gre) => gre.fmt(f),
            Self::Other(protocol, len) => write!(f, "protocol {protocol}, {len} bytes"),
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right => "",
            Self::Wrong => ", wrong check sum",
            Self::Zero => ", check sum zero",
        })
    }
}

impl fmt::Display for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TCP {} > {} [", self.ports.0, self.ports.1)?;
        for (bit, letter) in "FSRPAUEC".chars().enumerate() {
            if self.flags >> bit & 1 == 1 {
                write!(f, "{letter}")?;
            }
        }
        write!(f, "] seq {} ack {} window {}", self.seq, self.ack, self.window)?;
        if self.payload_len > 0 {
            write!(f, " payload {}", self.payload_len)?;
        }
        if !self.options.is_empty() {
            write!(f, " options {:02x?}", self.options)?;
        }
        if let Some(offset) = self.offset {
            write!(f, " offset {offset}")?;
        }
        self.sum.fmt(f)
    }
}

impl fmt::Display for Udp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.protocol == 17 { "UDP" } else { "UDP-Lite" };
        write!(f, "{name} {} > {} payload {}", self.ports.0, self.ports.1, self.payload_len)?;
        if let Some(len) = self.stated_len {
            write!(f, " length {len}")?;
        }
        self.sum.fmt(f)
    }
}

impl fmt::Display for Icmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.protocol == 1 { "ICMP" } else { "ICMPv6" };
        write!(f, "{name} type {} code {}", self.kind, self.code)?;
        match &self.rest {
            Rest::Zeros(len) => write!(f, " id {} and {len} bytes", self.id)?,
            Rest::About(about) => write!(f, " about {about}")?,
            Rest::Redirect(option, words, about) => {
                write!(f, " option {option} of length {words} about {about}")?;
            }
        }
        self.sum.fmt(f)
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}} up to {}", self.packet, self.len)?;
        match self.version {
            Some(version) => write!(f, ", beginning with {version:#04x}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Sctp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SCTP {} > {} tag {:#x}", self.ports.0, self.ports.1, self.tag)?;
        for chunk in &self.chunks {
            write!(f, " {chunk}")?;
        }
        self.sum.fmt(f)
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            0 => "DATA",
            1 => "INIT",
            2 => "INIT-ACK",
            3 => "SACK",
            4 => "HEARTBEAT",
            5 => "HEARTBEAT-ACK",
            6 => "ABORT",
            7 => "SHUTDOWN",
            8 => "SHUTDOWN-ACK",
            9 => "ERROR",
            10 => "COOKIE-ECHO",
            11 => "COOKIE-ACK",
            14 => "SHUTDOWN-COMPLETE",
            _ => return write!(f, "chunk({})", self.kind),
        };
        f.write_str(name)?;
        if self.flags != 0 {
            write!(f, "/{}", self.flags)?;
        }
        if matches!(self.kind, 1 | 2) {
            write!(f, "({:#x})", self.tag)?;
        }
        write!(f, "+{}", self.value_len)?;
        match self.stated_len {
            Some(len) => write!(f, "(length {len})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Gre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flags, carries, call, len } = self;
        write!(f, "GRE flags {flags:#06x} carries {carries:#06x} call {call}, {len} bytes")
    }
}
