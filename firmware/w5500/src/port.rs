//! The port: what the gateway asks for, and what the chip is asked for meanwhile.

use embedded_hal::digital::{InputPin, OutputPin};
use keeptrack_gateway::{Faults, LinkState, Port};
use w5500_ll::SocketStatus;

use crate::buffer::{Buffer, Frame};
use crate::bus::{Bus, Direction, Finished, Transfer};
use crate::chip::Chip;
use crate::receiver::{Receiver, Room};
use crate::sender::Sender;
use crate::starter::{COMMAND_US, Start, Starter};
use crate::trouble::{Cure, Trouble};

/// How long a frame may take to go out. A collision puts it off by 1,023 times 51.2 microseconds at
/// the most, and 16 end it: rarely does anybody wait for so long, even at 10 Mbit/s.
const SEND_US: u32 = 400_000;

/// How long a transfer may take: the longest, at 1 Mbit/s.
const TRANSFER_US: u32 = 20_000;

/// How many things are done in one call, so that others have their turn.
const STEPS: usize = 8;

/// The chip's pins beside those of the bus.
#[derive(Debug)]
pub struct Pins<R, I> {
    /// RSTn. A board that has not wired it gives one that does nothing.
    pub reset: R,
    /// INTn. A board that has not wired it gives one that is always low, and does not sleep.
    pub interrupt: I,
}

/// What time it is.
pub trait Clock {
    /// Microseconds since any moment; they wrap.
    fn now_us(&mut self) -> u32;
}

impl<F: FnMut() -> u32> Clock for F {
    fn now_us(&mut self) -> u32 {
        self()
    }
}

/// A port of the gateway: a W5500, and `N` buffers for what comes in at it.
#[derive(Debug)]
pub struct W5500<B, R, I, C, const N: usize> {
    bus: B,
    pins: Pins<R, I>,
    clock: C,
    state: State,
    link: LinkState,
    receiver: Receiver<N>,
    sender: Sender<N>,
    /// Since when a transfer is under way.
    moves_since_us: Option<u32>,
    /// Since when a command is, as far as is known.
    command_since_us: Option<u32>,
    /// Since when the pointers of the chip do not agree.
    disagrees_since_us: Option<u32>,
    /// Whether there was nothing to do for a free bus at the last look.
    is_idle: bool,
    /// Which way the last transfer went: the other is next.
    last: Direction,
    /// Whether the chip is to be asked who it is and for its link.
    wants_link: bool,
    /// Whether the trouble that it is started for has been counted.
    is_counted: bool,
    faults: Faults,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Runs,
    Starts(Starter),
    /// It did not start: it is tried again when somebody asks for the link.
    Stands,
}

/// Whether something was done, so that more may be to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Made,
    None,
}

impl<B: Bus, R: OutputPin, I: InputPin, C: Clock, const N: usize> W5500<B, R, I, C, N> {
    /// Begins to start the chip, which goes on while the port is asked for frames.
    pub fn open(bus: B, pins: Pins<R, I>, mut clock: C, buffers: &'static mut [Buffer; N]) -> Self {
        let starter = Starter::new(Cure::Reset, clock.now_us());
        Self {
            bus,
            pins,
            clock,
            state: State::Starts(starter),
            link: LinkState::Down,
            receiver: Receiver::new(buffers),
            sender: Sender::new(),
            moves_since_us: None,
            command_since_us: None,
            disagrees_since_us: None,
            is_idle: false,
            last: Direction::Read,
            wants_link: false,
            is_counted: false,
            faults: Faults::default(),
        }
    }

    /// Whether nothing is to do until a transfer ends, INTn falls, or the gateway's own time comes.
    pub fn may_sleep(&mut self) -> bool {
        self.work();
        let is_idle = match self.state {
            // An INTn that is low may have fallen before it was waited for.
            State::Runs => self.is_idle || self.moves_since_us.is_some(),
            State::Starts(_) => false,
            State::Stands => true,
        };
        is_idle && !self.receiver.has_frame() && !self.sender.has_done()
    }

    /// Does what there is to do, until a frame is there or the chip or the bus has to go on first.
    fn work(&mut self) {
        for _ in 0..STEPS {
            if self.receiver.has_frame() || self.advance() == Progress::None {
                break;
            }
        }
    }

    fn advance(&mut self) -> Progress {
        let step = match self.state {
            _ if self.moves_since_us.is_some() => {
                // The next frame waits until this one is taken.
                let has_place = self.last == Direction::Write || !self.receiver.has_frame();
                match has_place.then(|| self.bus.finish()).flatten() {
                    Some(finished) => self.arrive(finished),
                    None => return Progress::None,
                }
            }
            State::Runs => self.run(),
            State::Starts(starter) => self.start(starter),
            State::Stands => return Progress::None,
        };
        step.unwrap_or_else(|trouble| {
            self.mend(trouble);
            Progress::Made
        })
    }

    /// A transfer has ended.
    fn arrive(&mut self, finished: Finished<B::Error>) -> Result<Progress, Trouble> {
        self.moves_since_us = None;
        let Finished { transfer, outcome } = finished;
        match transfer.direction() {
            Direction::Read => {
                // What was read is what came in if the chip is still what it was.
                let checked = outcome.map_err(|_| Trouble::Bus).and_then(|()| self.look());
                match checked {
                    Ok(_) => self.receiver.end(transfer.buffer)?,
                    Err(trouble) => {
                        self.receiver.put(transfer.buffer);
                        return Err(trouble);
                    }
                }
            }
            Direction::Write => {
                let Transfer { buffer, body_len, .. } = transfer;
                self.sender.written(buffer, body_len);
                outcome.map_err(|_| Trouble::Bus)?;
            }
        }
        // The next frame is on its way while this one is looked at. All else can wait.
        if self.receiver.has_more() || !self.receiver.has_frame() {
            self.run()?;
        }
        Ok(Progress::Made)
    }

    /// The bus is free.
    fn run(&mut self) -> Result<Progress, Trouble> {
        let is_called = self.pins.interrupt.is_low().unwrap_or(true);
        // Mostly there is nothing, and that is to cost next to nothing.
        self.is_idle = !is_called && !self.has_work();
        if self.is_idle {
            return Ok(Progress::None);
        }
        let progress = if is_called { self.look()? } else { Progress::None };
        self.watch()?;
        self.ask_link()?;
        let steps = [self.send()?, self.free()?, self.ask_len()?, self.begin()?];
        Ok(if steps.contains(&Progress::Made) { Progress::Made } else { progress })
    }

    /// Whether the chip has to be asked or told something, although it does not call.
    fn has_work(&mut self) -> bool {
        self.receiver.has_work() || self.sender.has_work() || self.wants_link || self.is_late()
    }

    /// Asks what has happened.
    fn look(&mut self) -> Result<Progress, Trouble> {
        let mut look = self.bus.look()?;
        if look.status != Some(SocketStatus::Macraw) {
            // A bit that a wire has turned is not worth the seconds that a link takes.
            look = self.bus.look()?;
        }
        if look.status != Some(SocketStatus::Macraw) {
            return Err(Trouble::Lost);
        }
        if !look.has_command {
            self.command_since_us = None;
        }
        if !look.interrupts.any_raised() {
            return Ok(Progress::None);
        }
        self.bus.acknowledge(look.interrupts)?;
        if look.interrupts.recv_raised() {
            self.receiver.look_again();
        }
        if look.interrupts.sendok_raised() {
            self.sender.sent();
        }
        Ok(Progress::Made)
    }

    /// Whether a frame takes too long to go out.
    fn is_late(&mut self) -> bool {
        let since_us = self.sender.sends_since_us();
        since_us.is_some_and(|since_us| self.has_passed(SEND_US, since_us))
    }

    /// Looks what has become of such a frame.
    fn watch(&mut self) -> Result<(), Trouble> {
        if self.is_late() {
            // It may be INTn that does not say so.
            self.look()?;
            if self.command_since_us.is_some() {
                return Err(Trouble::Lost);
            }
            if self.sender.sends_since_us().is_some() {
                // Without a link nothing goes out, and no more is taken to be sent.
                self.link = self.bus.link()?;
                return Err(Trouble::Unsent);
            }
        }
        Ok(())
    }

    /// Asks for the link, and whether all is well: a chip that has lost its state is silent.
    fn ask_link(&mut self) -> Result<(), Trouble> {
        if self.wants_link {
            self.wants_link = false;
            self.look()?;
            self.link = self.bus.link()?;
            self.receiver.look_again();
        }
        Ok(())
    }

    /// Has the frame sent that has been written.
    fn send(&mut self) -> Result<Progress, Trouble> {
        let Some(write_to) = self.sender.to_send() else { return Ok(Progress::None) };
        if self.is_busy()? {
            return Ok(Progress::None);
        }
        self.bus.send(write_to)?;
        let now_us = self.clock.now_us();
        self.command_since_us = Some(now_us);
        self.sender.sends(now_us);
        Ok(Progress::Made)
    }

    /// Has the chip free what has been read.
    fn free(&mut self) -> Result<Progress, Trouble> {
        let Some(read_to) = self.receiver.to_free() else { return Ok(Progress::None) };
        if self.is_busy()? {
            return Ok(Progress::None);
        }
        self.bus.free(read_to)?;
        self.command_since_us = Some(self.clock.now_us());
        self.receiver.freed();
        Ok(Progress::Made)
    }

    /// Asks how much has come in.
    fn ask_len(&mut self) -> Result<Progress, Trouble> {
        if !self.receiver.wants_len() || self.is_busy()? {
            return Ok(Progress::None);
        }
        let Some(room) = self.receiver.ask_len(&mut self.bus)? else { return self.disagrees() };
        self.disagrees_since_us = None;
        if room == Room::None {
            self.faults.overrun = self.faults.overrun.wrapping_add(1);
        }
        Ok(Progress::Made)
    }

    /// The chip's pointers do not agree: it takes frames in one after the other, or it is wrong.
    fn disagrees(&mut self) -> Result<Progress, Trouble> {
        let now_us = self.clock.now_us();
        let since_us = *self.disagrees_since_us.get_or_insert(now_us);
        if now_us.wrapping_sub(since_us) > COMMAND_US {
            return Err(Trouble::OutOfStep);
        }
        Ok(Progress::None)
    }

    /// Whether a command is under way.
    fn is_busy(&mut self) -> Result<bool, Trouble> {
        let Some(since_us) = self.command_since_us else { return Ok(false) };
        self.look()?;
        let is_busy = self.command_since_us.is_some();
        if is_busy && self.has_passed(COMMAND_US, since_us) {
            return Err(Trouble::Lost);
        }
        Ok(is_busy)
    }

    /// Begins a transfer, the two directions in turn.
    fn begin(&mut self) -> Result<Progress, Trouble> {
        let transfer = match self.last {
            Direction::Read => match self.sender.begin() {
                Some(transfer) => Some(transfer),
                None => self.receiver.begin(&mut self.bus, &mut self.faults)?,
            },
            Direction::Write => match self.receiver.begin(&mut self.bus, &mut self.faults)? {
                Some(transfer) => Some(transfer),
                None => self.sender.begin(),
            },
        };
        let Some(transfer) = transfer else { return Ok(Progress::None) };
        self.last = transfer.direction();
        self.moves_since_us = Some(self.clock.now_us());
        self.bus.start(transfer);
        Ok(Progress::Made)
    }

    fn start(&mut self, starter: Starter) -> Result<Progress, Trouble> {
        let now_us = self.clock.now_us();
        match starter.advance(&mut self.bus, &mut self.pins.reset, now_us)? {
            Start::Goes(next) => {
                let is_same = next == starter;
                self.state = State::Starts(next);
                Ok(if is_same { Progress::None } else { Progress::Made })
            }
            Start::Ends(pointers) => {
                self.receiver.restart(pointers.read_to);
                self.sender.restart(pointers.write_to);
                self.state = State::Runs;
                (self.wants_link, self.is_counted) = (true, false);
                Ok(Progress::Made)
            }
        }
    }

    /// Counts what is wrong, once however often it does not start then; gives up what is in the chip,
    /// and starts it anew. No transfer is under way.
    fn mend(&mut self, trouble: Trouble) {
        if !self.is_counted {
            trouble.count(&mut self.faults);
        }
        self.is_counted = true;
        let lost_count = self.sender.give_up();
        self.faults.transmit = self.faults.transmit.wrapping_add(lost_count);
        (self.command_since_us, self.disagrees_since_us, self.is_idle) = (None, None, false);
        let cure = trouble.cure();
        self.state = match self.state {
            State::Runs => State::Starts(Starter::new(cure, self.clock.now_us())),
            State::Starts(_) | State::Stands => State::Stands,
        };
        if cure == Cure::Reset {
            self.link = LinkState::Down;
        }
    }

    /// Ends a transfer that does not end. While a frame is to be taken nobody asks whether it has.
    fn rescue(&mut self) {
        if let Some(since_us) = self.moves_since_us
            && !self.receiver.has_frame()
            && self.has_passed(TRANSFER_US, since_us)
            && let Some(transfer) = self.bus.abort()
        {
            self.moves_since_us = None;
            let Transfer { buffer, body_len, direction } = transfer;
            match direction {
                Direction::Read => self.receiver.put(buffer),
                Direction::Write => self.sender.written(buffer, body_len),
            }
            self.mend(Trouble::Bus);
        }
    }

    fn has_passed(&mut self, limit_us: u32, since_us: u32) -> bool {
        self.clock.now_us().wrapping_sub(since_us) > limit_us
    }
}

impl<B: Bus, R: OutputPin, I: InputPin, C: Clock, const N: usize> Port for W5500<B, R, I, C, N> {
    type Frame = Frame;

    fn link(&mut self) -> LinkState {
        if matches!(self.state, State::Stands) {
            self.state = State::Starts(Starter::new(Cure::Reset, self.clock.now_us()));
        }
        self.wants_link = true;
        // A transfer may have ended long ago, and nobody has asked.
        self.advance();
        self.rescue();
        self.link
    }

    fn receive(&mut self) -> Option<Frame> {
        self.work();
        self.receiver.take()
    }

    fn transmit(&mut self, frame: Frame) -> Result<(), Frame> {
        if !matches!(self.state, State::Runs) || self.link == LinkState::Down {
            return Err(frame);
        }
        self.sender.push(frame)?;
        self.advance();
        Ok(())
    }

    fn reclaim(&mut self) -> Option<Frame> {
        let is_sending = self.moves_since_us.is_some() && self.last == Direction::Write;
        if is_sending && !self.sender.has_done() {
            self.advance();
        }
        self.sender.pop()
    }

    fn recycle(&mut self, frame: Frame) {
        self.receiver.put(frame.buffer);
    }

    fn faults(&self) -> Faults {
        self.faults
    }
}
