//! From a sequence that shows a difference to the shortest and simplest one that shows it still.

use super::run::Difference;
use super::sequence::Sequence;
use super::settings::Settings;

/// Whether a sequence under settings shows a difference, and which.
pub(super) type Ask<'a> =
    dyn FnMut(&Settings, &Sequence) -> Result<Option<Difference>, String> + 'a;

/// Makes both smaller and simpler as long as the difference stays of its kind.
///
/// # Errors
/// When the judges give no answer, or there is no difference at all.
pub(super) fn shrink(
    settings: &Settings,
    sequence: &Sequence,
    ask: &mut Ask<'_>,
) -> Result<(Settings, Sequence, Difference), String> {
    let found = ask(settings, sequence)?.ok_or("it does not differ any more")?;
    let (settings, sequence) = (settings.clone(), sequence.clone());
    let mut shrinking = Shrinking { settings, sequence, found, ask };
    shrinking.shorten()?;
    // Each takes a new namespace, so once is enough; what was needed for them may not be any more.
    shrinking.drop_settings()?;
    shrinking.shorten()?;
    Ok((shrinking.settings, shrinking.sequence, shrinking.found))
}

struct Shrinking<'a, 'b> {
    settings: Settings,
    sequence: Sequence,
    found: Difference,
    ask: &'a mut Ask<'b>,
}

impl Shrinking<'_, '_> {
    /// Leaves packets out and makes them simpler, as long as one lets the other go on.
    fn shorten(&mut self) -> Result<(), String> {
        loop {
            let before = self.sequence.clone();
            self.end_early();
            self.drop_steps()?;
            self.simplify()?;
            if before == self.sequence {
                return Ok(());
            }
        }
    }

    /// Nothing counts behind the packet that differs.
    fn end_early(&mut self) {
        if let Difference::Packet(place, ..) = self.found {
            self.sequence.steps.truncate(place + 1);
        }
    }

    /// Takes a smaller one if it shows the same.
    fn offer(&mut self, settings: Settings, sequence: Sequence) -> Result<bool, String> {
        let shown = (self.ask)(&settings, &sequence)?;
        let Some(shown) = shown.filter(|shown| shown.is_like(&self.found)) else {
            return Ok(false);
        };
        (self.settings, self.sequence, self.found) = (settings, sequence, shown);
        Ok(true)
    }

    /// Leaves out packets, many at once at first.
    fn drop_steps(&mut self) -> Result<(), String> {
        let mut count = self.sequence.steps.len() / 2;
        while count > 0 {
            let mut place = 0;
            while place < self.sequence.steps.len() {
                let fewer = self.sequence.without(place, count);
                if !self.offer(self.settings.clone(), fewer)? {
                    place += count;
                }
            }
            count /= 2;
        }
        Ok(())
    }

    fn drop_settings(&mut self) -> Result<(), String> {
        for fewer in [Settings::default(), self.settings.without_timeouts()] {
            if fewer != self.settings && self.offer(fewer, self.sequence.clone())? {
                break;
            }
        }
        let mut place = 0;
        while let Some(fewer) = self.settings.without(place) {
            if !self.offer(fewer, self.sequence.clone())? {
                place += 1;
            }
        }
        Ok(())
    }

    fn simplify(&mut self) -> Result<(), String> {
        for place in 0..self.sequence.steps.len() {
            let gap_ms = self.sequence.steps[place].gap_ms;
            for simpler in [0, gap_ms / 1000 * 1000] {
                let mut sequence = self.sequence.clone();
                sequence.steps[place].gap_ms = simpler;
                if simpler < self.sequence.steps[place].gap_ms {
                    self.offer(self.settings.clone(), sequence)?;
                }
            }
            self.simplify_packet(place)?;
        }
        Ok(())
    }

    fn simplify_packet(&mut self, place: usize) -> Result<(), String> {
        // What does not help now may do when others have: the caller comes again.
        let mut tried = 0;
        while let Some(packet) = self.sequence.steps[place].packet.simpler().into_iter().nth(tried)
        {
            let mut sequence = self.sequence.clone();
            sequence.steps[place].packet = packet;
            if !self.offer(self.settings.clone(), sequence)? {
                tried += 1;
            }
        }
        Ok(())
    }
}

impl Sequence {
    /// Without so many packets from that place on; those behind come when they came.
    fn without(&self, place: usize, count: usize) -> Self {
        let mut steps = self.steps.clone();
        let end = (place + count).min(steps.len());
        let gap_ms: u64 = steps.drain(place..end).map(|step| step.gap_ms).sum();
        if let Some(next) = steps.get_mut(place) {
            next.gap_ms += gap_ms;
        }
        Self { steps }
    }
}

#[cfg(test)]
mod tests {
    use keeptrack_core::Config;

    use super::shrink;
    use crate::generate::run::find;
    use crate::generate::{Random, Sequence, Settings, Topic};
    use crate::ours::Ours;

    /// One of the two judges picks no connection up in its middle: one segment shows it.
    #[test]
    fn what_is_left_is_the_packet_that_shows_the_difference() {
        let mut strict = Config::LINUX;
        strict.tcp.loose = false;
        let (mut strict, mut loose) =
            (Ours::new(strict, 256).unwrap(), Ours::new(Config::LINUX, 256).unwrap());
        let mut ask = |_: &Settings, sequence: &Sequence| find(sequence, &mut strict, &mut loose);
        let mut random = Random::new(1);
        let settings = Settings::drawn(&mut random);
        let mut draw = || Sequence::drawn(&settings, &[Topic::Tcp], &mut random);
        let sequence = (0..100).map(|_| draw()).find(|drawn| ask(&settings, drawn) != Ok(None));
        let (settings, sequence, _) = shrink(&settings, &sequence.unwrap(), &mut ask).unwrap();
        assert_eq!((settings, sequence.steps.len()), (Settings::default(), 1));
        let words = sequence.steps[0].packet.to_string();
        assert!(words.ends_with("[A] seq 0 ack 0 window 65535"), "{words}");
    }
}
