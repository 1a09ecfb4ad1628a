//! What a table of the running kernel holds: who is in it and has not run out.

use std::io;

use keeptrack_core::Tuple;

use super::entry::Entry;
use super::message::{Kind, Request};
use super::socket::Socket;

/// ctnetlink: entries are to be told, all of them.
const GET: Kind = Kind { word: 1 << 8 | 1, flags: 1 | 0x300 };

/// Lists the table of one network namespace.
pub struct Listing(Socket);

impl Listing {
    /// Of the namespace that this thread is in.
    ///
    /// # Errors
    /// When ctnetlink cannot be asked.
    pub fn open() -> Result<Self, String> {
        Socket::open(0).map(Self).map_err(|error| fault(&error))
    }

    /// The tuple of the first packet of each connection. What has run out is not told, although the
    /// kernel's own count may still have it.
    ///
    /// # Errors
    /// When ctnetlink does not answer.
    pub fn tuples(&mut self) -> Result<Vec<Tuple>, String> {
        let mut tuples = Vec::new();
        let listed = self.0.dump(Request::new(GET, 0, 0), |message| {
            tuples.extend(Entry::read(message).map(|entry| entry.tuple));
        });
        listed.map(|()| tuples).map_err(|error| fault(&error))
    }
}

fn fault(error: &io::Error) -> String {
    format!("ctnetlink: {error}")
}
