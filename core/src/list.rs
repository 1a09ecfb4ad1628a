//! Circular lists threaded through the slots: in at the end, out from anywhere, in constant time.
//!
//! A list is the link to its first slot; the first slot's `previous` is the last one.

use crate::storage::{Link, Memory, Node, SlotId};

/// Puts `slot`, which is in no list, at the end of `list`.
pub(crate) fn push<M: Memory>(memory: &mut M, list: usize, slot: SlotId) {
    let link = M::Link::to(slot);
    let last = match memory.lists().get(list).and_then(|head| head.slot()) {
        Some(first) => {
            let last = node(memory, first).previous;
            change(memory, Some(first), |node| node.previous = link);
            change(memory, last.slot(), |node| node.next = link);
            (M::Link::to(first), last)
        }
        None => {
            if let Some(head) = memory.lists_mut().get_mut(list) {
                *head = link;
            }
            (link, link)
        }
    };
    let (next, previous) = last;
    let list = number(list);
    change(memory, Some(slot), |node| *node = Node { next, previous, list });
}

/// Takes `slot` out of the list that it is in, if any; and says whether that list is now empty.
pub(crate) fn unlink<M: Memory>(memory: &mut M, slot: SlotId) -> Option<Emptied> {
    let Node { next, previous, list } = node(memory, slot);
    let list = usize::from(list).checked_sub(1)?;
    let link = M::Link::to(slot);
    change(memory, Some(slot), |node| node.list = 0);
    if next == link {
        *memory.lists_mut().get_mut(list)? = M::Link::NIL;
        return Some(Emptied(list));
    }
    change(memory, previous.slot(), |node| node.next = next);
    change(memory, next.slot(), |node| node.previous = previous);
    let head = memory.lists_mut().get_mut(list)?;
    if *head == link {
        *head = next;
    }
    None
}

/// The first slot of `list`.
pub(crate) fn first<M: Memory>(memory: &M, list: usize) -> Option<SlotId> {
    memory.lists().get(list)?.slot()
}

/// The list that `slot` is in.
pub(crate) fn of<M: Memory>(memory: &M, slot: SlotId) -> Option<usize> {
    usize::from(node(memory, slot).list).checked_sub(1)
}

/// A list that has lost its last slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Emptied(pub(crate) usize);

#[allow(clippy::cast_possible_truncation, reason = "there are a few hundred lists")]
const fn number(list: usize) -> u16 {
    (list as u16).wrapping_add(1)
}

fn node<M: Memory>(memory: &M, slot: SlotId) -> Node<M::Link> {
    let none = Node { next: M::Link::NIL, previous: M::Link::NIL, list: 0 };
    memory.slots().get(slot.0).map_or(none, |slot| slot.timer)
}

fn change<M: Memory>(memory: &mut M, slot: Option<SlotId>, how: impl FnOnce(&mut Node<M::Link>)) {
    if let Some(slot) = slot.and_then(|slot| memory.slots_mut().get_mut(slot.0)) {
        how(&mut slot.timer);
    }
}
