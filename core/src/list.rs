//! Circular lists threaded through the slots: in at the end, out from anywhere, in constant time.
//!
//! A list is the link to its first slot; the first slot's `previous` is the last one.

use crate::storage::{Link, Memory, Node, SlotId};

/// Puts `slot`, which is in no list, at the end of `list`.
pub(crate) fn push<M: Memory>(memory: &mut M, list: usize, slot: SlotId) {
    let link = M::Link::to(slot);
    let (next, previous) = match first(memory, list) {
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
    enter(memory, slot, Node { next, previous }, list);
}

/// Takes `slot` out of the list that it is in, if any; and says whether that list is now empty.
pub(crate) fn unlink<M: Memory>(memory: &mut M, slot: SlotId) -> Option<Emptied> {
    let link = M::Link::to(slot);
    let (Node { next, previous }, list) = leave(memory, slot)?;
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

/// Gives `to`, which is in no list, the place of `from` in the list that this is in, if any.
pub(crate) fn replace<M: Memory>(memory: &mut M, from: SlotId, to: SlotId) {
    let (was, link) = (M::Link::to(from), M::Link::to(to));
    let Some((mut node, list)) = leave(memory, from) else { return };
    if node.next == was {
        node = Node { next: link, previous: link };
    } else {
        change(memory, node.previous.slot(), |node| node.next = link);
        change(memory, node.next.slot(), |node| node.previous = link);
    }
    enter(memory, to, node, list);
    if let Some(head) = memory.lists_mut().get_mut(list).filter(|head| **head == was) {
        *head = link;
    }
}

/// The first slot of `list`.
pub(crate) fn first<M: Memory>(memory: &M, list: usize) -> Option<SlotId> {
    memory.lists().get(list)?.slot()
}

/// The list that `slot` is in.
pub(crate) fn of<M: Memory>(memory: &M, slot: SlotId) -> Option<usize> {
    usize::from(memory.slots().get(slot.0)?.list).checked_sub(1)
}

/// A list that has lost its last slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Emptied(pub(crate) usize);

#[allow(clippy::cast_possible_truncation, reason = "there are a few hundred lists")]
const fn number(list: usize) -> u16 {
    (list as u16).wrapping_add(1)
}

/// Marks `slot` as in `list`, and there.
fn enter<M: Memory>(memory: &mut M, slot: SlotId, place: Node<M::Link>, list: usize) {
    change(memory, Some(slot), |node| *node = place);
    if let Some(slot) = memory.slots_mut().get_mut(slot.0) {
        slot.list = number(list);
    }
}

/// Marks `slot` as in no list; the place and the list that it had.
fn leave<M: Memory>(memory: &mut M, slot: SlotId) -> Option<(Node<M::Link>, usize)> {
    let list = of(memory, slot)?;
    memory.slots_mut().get_mut(slot.0)?.list = 0;
    Some((node(memory, slot), list))
}

fn node<M: Memory>(memory: &M, slot: SlotId) -> Node<M::Link> {
    memory.nodes().get(slot.0).copied().unwrap_or(Node::NONE)
}

fn change<M: Memory>(memory: &mut M, slot: Option<SlotId>, how: impl FnOnce(&mut Node<M::Link>)) {
    if let Some(node) = slot.and_then(|slot| memory.nodes_mut().get_mut(slot.0)) {
        how(node);
    }
}
