//! What LEDs say of a gateway: that it lives, that it has links, that it drops, that its table is full.

use embedded_hal::digital::OutputPin;
use keeptrack_core::Instant;
use keeptrack_gateway::{Counts, Gateway, LinkState, Side, Table};

/// How long an LED stays as it is at least, in milliseconds: a blink that is seen.
const MOMENT_MS: u64 = 125;

/// So many moments the LED that lives is on, and so many it is off.
const HEARTBEAT: u32 = 4;

/// The LEDs. High lights one.
#[derive(Debug)]
pub struct Lamps<P> {
    /// On while both ports have a link, blinking while one has.
    pub link: P,
    /// On for a moment when a frame was dropped in the one before.
    pub drops: P,
    /// On while no connection more fits the table, and for a moment when one was refused, or had to
    /// leave for another.
    pub full: P,
    /// On and off, half a second each, while the gateway goes its rounds.
    pub alive: P,
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Whether the ports have a link.
    pub links: [LinkState; 2],
    /// How many frames were dropped so far.
    pub dropped_count: u64,
    /// Whether no connection more fits the table.
    pub is_full: bool,
    /// How many connections the table has refused so far, or ended before their time.
    pub pressed_count: u64,
}

/// LEDs, and what they showed last.
#[derive(Debug)]
pub struct Leds<P> {
    lamps: Lamps<P>,
    next: Instant,
    moment_count: u32,
    dropped_count: u64,
    pressed_count: u64,
}

impl Condition {
    /// That of a gateway.
    #[must_use]
    pub fn of(gateway: &Gateway<'_>) -> Self {
        let table = gateway.table();
        Self {
            links: gateway.links(),
            dropped_count: dropped_count(gateway.counts()),
            is_full: table.is_some_and(|table| table.len() >= table.capacity()),
            pressed_count: table.map_or(0, pressed_count),
        }
    }
}

impl<P: OutputPin> Leds<P> {
    /// Dark, until something is shown.
    #[must_use]
    pub fn new(lamps: Lamps<P>) -> Self {
        let next = Instant::default();
        Self { lamps, next, moment_count: 0, dropped_count: 0, pressed_count: 0 }
    }

    /// When it is time to show something again.
    #[must_use]
    pub const fn next(&self) -> Instant {
        self.next
    }

    /// Shows it until the next moment.
    pub fn show(&mut self, now: Instant, condition: &Condition) {
        let links = condition.links.map(|link| link == LinkState::Up);
        let is_even = self.moment_count.is_multiple_of(2);
        let is_linked = links == [true; 2] || (links.contains(&true) && is_even);
        let has_dropped = condition.dropped_count != self.dropped_count;
        let is_pressed = condition.is_full || condition.pressed_count != self.pressed_count;
        let is_beating = (self.moment_count / HEARTBEAT).is_multiple_of(2);
        let Lamps { link, drops, full, alive } = &mut self.lamps;
        for (lamp, is_lit) in
            [(link, is_linked), (drops, has_dropped), (full, is_pressed), (alive, is_beating)]
        {
            // A pin of the processor's own does not fail, and what is behind another is not worth
            // a stop.
            _ = lamp.set_state(is_lit.into());
        }
        self.moment_count = self.moment_count.wrapping_add(1);
        self.dropped_count = condition.dropped_count;
        self.pressed_count = condition.pressed_count;
        self.next = Instant::from_millis(now.as_millis().saturating_add(MOMENT_MS));
    }
}

/// Whatever came in and did not go out, at both ports.
fn dropped_count(counts: &Counts) -> u64 {
    Side::BOTH.into_iter().fold(0, |count, side| {
        let port = counts.port(side);
        count.wrapping_add(port.received).wrapping_sub(port.forwarded)
    })
}

fn pressed_count(table: &Table<'_>) -> u64 {
    let stats = table.stats();
    [stats.drop, stats.bypass, stats.early_drop].into_iter().fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use embedded_hal::digital::ErrorType;

    use super::*;

    /// What a lamp is connected to.
    type Light = Cell<bool>;

    impl ErrorType for Lamp<'_> {
        type Error = Infallible;
    }

    struct Lamp<'l>(&'l Light);

    impl OutputPin for Lamp<'_> {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.0.set(false);
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.0.set(true);
            Ok(())
        }
    }

    const QUIET: Condition =
        Condition { links: [LinkState::Up; 2], dropped_count: 0, is_full: false, pressed_count: 0 };

    /// What of link, drops, full, alive is lit, a letter each, moment by moment.
    fn lit(conditions: &[Condition]) -> Vec<String> {
        let lights = [const { Light::new(false) }; 4];
        let [link, drops, full, alive] = lights.each_ref().map(Lamp);
        let mut leds = Leds::new(Lamps { link, drops, full, alive });
        let show = |condition| {
            leds.show(leds.next(), condition);
            let letters = "LDFA".chars().zip(&lights);
            letters.filter(|(_, light)| light.get()).map(|(letter, _)| letter).collect()
        };
        conditions.iter().map(show).collect()
    }

    #[test]
    fn a_link_is_on_and_half_of_it_blinks() {
        let half = Condition { links: [LinkState::Up, LinkState::Down], ..QUIET };
        let none = Condition { links: [LinkState::Down; 2], ..QUIET };
        assert_eq!(lit(&[QUIET, QUIET, half, half, none, none]), ["LA", "LA", "LA", "A", "", ""]);
    }

    #[test]
    fn a_drop_is_seen_for_a_moment() {
        let dropped = |dropped_count| Condition { dropped_count, ..QUIET };
        let shown = lit(&[dropped(0), dropped(7), dropped(7), dropped(8)]);
        assert_eq!(shown, ["LA", "LDA", "LA", "LDA"]);
    }

    #[test]
    fn a_full_table_is_seen_and_who_was_refused_by_one_that_is_not() {
        let full = Condition { is_full: true, ..QUIET };
        let refused = Condition { pressed_count: 1, ..QUIET };
        assert_eq!(lit(&[full, full, QUIET, refused]), ["LFA", "LFA", "LA", "LFA"]);
    }

    #[test]
    fn life_is_half_a_second_of_light_and_half_a_second_without() {
        let shown = lit(&[QUIET; 10]);
        let beats: Vec<_> = shown.iter().map(|lit| lit.contains('A')).collect();
        assert_eq!(
            beats,
            [[true; 4], [false; 4]].concat().into_iter().chain([true; 2]).collect::<Vec<_>>()
        );
    }
}
