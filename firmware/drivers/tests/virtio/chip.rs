//! A model of virtio devices behind MMIO registers, which does what it is told, lies included.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use keeptrack_drivers::Registers;
use keeptrack_drivers::virtio::Kind;

use super::memory;

/// What the driver sees of a [`Chip`].
#[derive(Debug, Clone)]
pub(crate) struct Bus(Rc<RefCell<Chip>>);

/// A device.
#[derive(Debug)]
pub(crate) struct Chip {
    kind: Kind,
    /// The features that it offers.
    pub(crate) offers: u64,
    pub(crate) queue_len_max: u32,
    /// It goes on as if nothing was when it is to reset itself.
    pub(crate) ignores_reset: bool,
    /// The 16 bits of its configuration that say whether there is a link.
    pub(crate) link: u16,
    pub(crate) status: u32,
    pub(crate) interrupt: u32,
    /// The queues that it was told of, in the order in which it was.
    pub(crate) notices: Vec<u32>,
    pub(crate) reset_count: u32,
    /// What lay in front of the last frame that was sent.
    pub(crate) sent_header: Vec<u8>,
    agreed: u64,
    features_word: u32,
    queue: u32,
    queues: [Queue; 2],
}

/// A queue, as the device knows it.
#[derive(Debug, Default, Clone, Copy)]
struct Queue {
    len: u32,
    ready: u32,
    parts: [u64; 3],
    taken: u16,
    used: u16,
}

/// A buffer that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) number: u16,
    pub(crate) address: u64,
    pub(crate) len: u32,
    pub(crate) is_to_write: bool,
}

impl Bus {
    /// A device that is as good as new, with all features that there are.
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Rc::new(RefCell::new(Chip {
            kind,
            offers: u64::MAX,
            queue_len_max: 1024,
            ignores_reset: false,
            link: 1,
            status: 0,
            interrupt: 0,
            notices: Vec::new(),
            reset_count: 0,
            sent_header: Vec::new(),
            agreed: 0,
            features_word: 0,
            queue: 0,
            queues: [Queue::default(); 2],
        })))
    }

    /// The device itself.
    pub(crate) fn chip(&self) -> RefMut<'_, Chip> {
        self.0.borrow_mut()
    }
}

impl Registers for Bus {
    fn read(&mut self, offset: usize) -> u32 {
        self.chip().read(offset)
    }

    fn read_half(&mut self, offset: usize) -> u16 {
        assert_eq!(offset, 0x106, "the driver reads nothing else of that width");
        self.chip().link
    }

    fn write(&mut self, offset: usize, value: u32) {
        self.chip().write(offset, value);
    }
}

impl Chip {
    fn read(&mut self, offset: usize) -> u32 {
        match offset {
            0x00 => 0x7472_6976,
            0x04 => 2,
            0x08 => self.kind as u32,
            0x10 => half(self.offers, self.features_word),
            0x34 => self.queue_len_max,
            0x44 => self.queues[self.queue as usize].ready,
            0x60 => self.interrupt,
            0x70 => self.status,
            _ => panic!("there is nothing to read at {offset:#x}"),
        }
    }

    fn write(&mut self, offset: usize, value: u32) {
        let queue = &mut self.queues[self.queue as usize];
        match offset {
            0x14 | 0x24 => self.features_word = value,
            0x20 => {
                self.agreed &= !(u64::from(u32::MAX) << (32 * self.features_word));
                self.agreed |= u64::from(value) << (32 * self.features_word);
            }
            0x30 => self.queue = value,
            0x38 => queue.len = value,
            0x44 => queue.ready = value,
            0x50 => {
                assert_eq!(self.status & 4, 4, "a notice to a device that does not run");
                self.notices.push(value);
            }
            0x64 => self.interrupt &= !value,
            0x70 => self.set_status(value),
            0x80 | 0x84 | 0x90 | 0x94 | 0xa0 | 0xa4 => {
                let part = &mut queue.parts[(offset - 0x80) / 0x10];
                *part |= u64::from(value) << (8 * (offset & 4));
            }
            _ => panic!("there is nothing to write at {offset:#x}"),
        }
    }

    fn set_status(&mut self, value: u32) {
        if value == 0 {
            if !self.ignores_reset {
                self.reset_count += 1;
                (self.status, self.agreed, self.interrupt) = (0, 0, 0);
                self.queues = [Queue::default(); 2];
            }
            return;
        }
        // A modern device cannot do without its version's feature, nor with what it has not.
        let may_agree = self.agreed & !self.offers == 0 && self.agreed >> 32 & 1 == 1;
        self.status = if may_agree { value } else { value & !8 };
    }

    /// How many buffers of each queue wait for the device to take them up.
    pub(crate) fn waiting(&self) -> [u16; 2] {
        [0, 1].map(|queue| self.waiting_count(queue))
    }

    fn waiting_count(&self, queue: usize) -> u16 {
        let Queue { parts: [_, available, _], taken, ready, .. } = self.queues[queue];
        if ready == 0 { 0 } else { memory::read::<u16>(available + 2).wrapping_sub(taken) }
    }

    /// Takes up the next buffer of a queue.
    pub(crate) fn take(&mut self, queue: usize) -> Option<Given> {
        if self.status & 4 == 0 || self.waiting_count(queue) == 0 {
            return None;
        }
        let Queue { parts: [descriptors, available, _], taken, len, .. } = &mut self.queues[queue];
        let slot = u64::from(*taken) % u64::from(*len);
        *taken = taken.wrapping_add(1);
        let number = memory::read::<u16>(*available + 4 + 2 * slot);
        let descriptor = *descriptors + 16 * u64::from(number);
        let flags = memory::read::<u16>(descriptor + 12);
        assert_eq!(flags & !2, 0, "one descriptor a buffer");
        Some(Given {
            number,
            address: memory::read(descriptor),
            len: memory::read(descriptor + 8),
            is_to_write: flags == 2,
        })
    }

    /// Gives a buffer back, or says so: `number` may be any.
    pub(crate) fn give_back(&mut self, queue: usize, number: u32, written_len: u32) {
        let Queue { parts: [_, available, ring], used, len, ready, .. } = &mut self.queues[queue];
        if *ready == 0 {
            return;
        }
        let element = *ring + 4 + 8 * (u64::from(*used) % u64::from(*len));
        memory::write(element, number);
        memory::write(element + 4, written_len);
        *used = used.wrapping_add(1);
        memory::write(*ring + 2, *used);
        if memory::read::<u16>(*available) == 0 {
            self.interrupt |= 1;
        }
    }

    /// Says that `count` more buffers were given back.
    pub(crate) fn skip(&mut self, queue: usize, count: u16) {
        let Queue { parts: [_, _, ring], used, ready, .. } = &mut self.queues[queue];
        *used = used.wrapping_add(count);
        if *ready == 1 {
            memory::write(*ring + 2, *used);
        }
    }

    /// Says whether it wants notices of a queue.
    pub(crate) fn set_quiet(&mut self, queue: usize, quiet: u16) {
        memory::write(self.queues[queue].parts[2], quiet);
    }

    /// Receives a frame: false when it has no buffer for it.
    pub(crate) fn receive(&mut self, frame: &[u8]) -> bool {
        let Some(given) = self.take(0) else { return false };
        assert!(given.is_to_write && given.len == 1536);
        let cut = &frame[..frame.len().min(given.len as usize - 12)];
        memory::write_bytes(given.address, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
        memory::write_bytes(given.address + 12, cut);
        let written_len = u32::try_from(12 + frame.len()).expect("a frame");
        self.give_back(0, given.number.into(), written_len);
        true
    }

    /// Sends the next frame: what goes onto the wire, without the header.
    pub(crate) fn send(&mut self) -> Option<Vec<u8>> {
        let given = self.take(1)?;
        assert!(!given.is_to_write && given.len >= 12);
        let mut bytes = memory::read_bytes(given.address, given.len);
        let frame = bytes.split_off(12);
        self.sent_header = bytes;
        self.give_back(1, given.number.into(), 0);
        Some(frame)
    }
}

/// The lower half of 64 bits, or the upper one.
#[allow(clippy::cast_possible_truncation, reason = "a register takes half of the 64 bits")]
fn half(bits: u64, word: u32) -> u32 {
    (bits >> (32 * word)) as u32
}
