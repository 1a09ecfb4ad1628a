//! What a packet makes of a connection: it begins one, or moves one on.

use crate::config::Config;
use crate::conn::Conn;
use crate::ended::Why;
use crate::full::{OnFull, idle_ms};
use crate::helper::Help;
use crate::inside::Inside;
use crate::invalid::Invalid;
use crate::packet::Packet;
use crate::proto::{self, Outcome};
use crate::rank::Rank;
use crate::raw::{Raw, Template};
use crate::status::{CtState, Status};
use crate::storage::{Memory, SlotId};
use crate::time::Instant;
use crate::tracked::Change;
use crate::tuple::{Direction, Side};

/// A connection with fewer seconds left is not worth doubting.
const DOUBTED_ABOVE_S: u32 = 120;

/// What a packet of a connection is and changes; `None` when the connection is over and the packet
/// may begin another one; or why it is INVALID, and what that leaves its connection.
pub(crate) type Stepped = Result<Option<(CtState, Direction, Change)>, (Invalid, Option<u32>)>;

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// Fills in the connection that `packet` begins, of which nothing but the key is known, and
    /// answers the seconds that it lives.
    ///
    /// Not inlined: then it is copied as a whole, not in pieces.
    #[inline(never)]
    pub(crate) fn begin(
        &mut self,
        (packet, now): (&Packet<'_>, Instant),
        conn: &mut Conn,
        template: Template,
        rules: &impl Raw,
    ) -> Result<u32, Invalid> {
        // Before its protocol is asked, so that a packet that begins nothing is waited for no
        // longer: as in Linux.
        let status = match self.is_expected(now, &packet.tuple, template.zone) {
            true => Status::EXPECTED,
            // Whoever is expected is not given a helper by a rule.
            false => template.status(packet.tuple.protocol),
        };
        let mut own = None;
        let timeouts = template.timeouts.and_then(|id| rules.timeouts(id));
        let config = self.config.under(timeouts, &mut own);
        let timeout = proto::first((packet, now), config, &mut conn.track)?;
        conn.status = status;
        conn.status.set_share(template.class);
        conn.set_timeouts(template.timeouts);
        conn.acct.count(Direction::Original, packet.len, now);
        conn.set_expiry(now.after(timeout));
        Ok(timeout)
    }

    /// What the protocol makes of a packet of the connection in `slot`; `None` when that is over
    /// and the packet may begin another one.
    pub(crate) fn step(
        &mut self,
        (packet, now): (&Packet<'_>, Instant),
        slot: SlotId,
        sender: Side,
        rules: &impl Raw,
    ) -> Stepped {
        let Some(conn) = self.table.conn_mut(slot) else { return Ok(None) };
        let may_wait = P::RANKS && !conn.status.has(Status::ASSURED);
        let waiting = if may_wait { waiting(conn, now, &self.config) } else { None };
        let dir = conn.direction_from(sender);
        let state = conn.ct_state(dir);
        let (status, left) = (conn.status, conn.state());
        let mut own = None;
        let timeouts = conn.timeouts().and_then(|id| rules.timeouts(id));
        let config = self.config.under(timeouts, &mut own);
        let at = (packet, now);
        let outcome = proto::packet(&mut conn.track, &mut conn.status, dir, at, config);
        let timeout = match outcome {
            Outcome::Refresh(seconds) => Some(seconds),
            Outcome::Keep | Outcome::End => None,
            Outcome::Reopen => return Ok(None),
            Outcome::Invalid(why) => {
                // What came before the invalid part of a packet counts.
                if P::RANKS && (conn.status, conn.state()) != (status, left) {
                    self.table.rank(slot);
                }
                return Err((why, None));
            }
            Outcome::Doubt(why, seconds) => return Err((why, self.doubt(now, slot, seconds))),
        };
        if outcome != Outcome::Keep {
            conn.acct.count(dir, packet.len, now);
        }
        // Whoever is reset leaves as it was, in Linux as well.
        if outcome != Outcome::End {
            // No branch on the direction, which nobody can foretell.
            conn.status |= match dir {
                Direction::Original => Status::NONE,
                Direction::Reply => Status::SEEN_REPLY,
            };
        }
        let change = Change {
            timeout,
            status: conn.status.without(status),
            left: left.filter(|_| conn.state() != left),
            ended: (outcome == Outcome::End).then_some(Why::Reset),
            dropped: self.listen((packet, now), slot, (state, dir)),
        };
        if let Some(seconds) = timeout {
            self.table.renew(slot, now.after(seconds));
        }
        if P::RANKS && self.may_change_rank(slot, &change) {
            self.table.rank(slot);
        }
        if let Some((rank, waited_ms)) = waiting
            && change.is_answer_to(rank)
        {
            self.policy.answered(rank, waited_ms);
        }
        Ok(Some((state, dir, change)))
    }

    /// Whether a change may give a connection another place among those of a rank. Of one that is
    /// assured and open and stays so, nothing else is looked at: its packets are most of all.
    fn may_change_rank(&self, slot: SlotId, change: &Change) -> bool {
        let is_renewed = change.timeout.is_some();
        change.is_of_state() || (is_renewed && Rank::of(self.table.conn(slot)).is_some())
    }

    /// Lets a connection that has two minutes left or more live for `seconds` at the most, which
    /// are returned unless it has fewer left. Counted are whole seconds, and begun ones as whole:
    /// what is left of a connection can be told to a kernel, and compared with it, no finer than
    /// that. So one that has less than a second of grace gets the rest of that second.
    fn doubt(&mut self, now: Instant, slot: SlotId, seconds: u32) -> Option<u32> {
        let expiry = self.table.conn(slot).expiry();
        let is_longer = expiry > now.after(seconds.saturating_sub(1));
        (is_longer && expiry >= now.after(DOUBTED_ABOVE_S)).then(|| {
            self.table.renew(slot, now.after(seconds));
            seconds
        })
    }
}

/// The rank of a connection that is not assured, and for how long it has waited for an answer.
fn waiting(conn: &Conn, now: Instant, config: &Config) -> Option<(Rank, u64)> {
    Some((Rank::of(conn)?, idle_ms(conn, now, config)?))
}
