//! Circular lists threaded through the slots: in at the end, out from anywhere, in constant time.
//!
//! A list is the link to its first slot; the first slot's `previous` is the last one. A slot has
//! two places, so that it can be in a list of the wheel and in one of the ranks.

use crate::mark::Mark;
use crate::storage::{Link, Memory, Node, Place, RANKED, SlotId};

/// One of the two places that a slot has.
pub(crate) trait Thread {
    /// The number that the first of its lists has among all lists.
    const BEGINS: usize;

    fn place<L: Link>(node: &mut Node<L>) -> &mut Place<L>;

    /// The list that a slot is in, counted from `BEGINS`.
    fn list(mark: Mark) -> Option<usize>;

    fn set_list(mark: &mut Mark, list: Option<usize>);
}

/// The lists of the wheel, of what is over, and of what is free.
pub(crate) struct Timers;

/// The lists of the ranks.
pub(crate) struct Ranks;

impl Thread for Timers {
    const BEGINS: usize = 0;

    fn place<L: Link>(node: &mut Node<L>) -> &mut Place<L> {
        &mut node.timer
    }

    fn list(mark: Mark) -> Option<usize> {
        mark.list()
    }

    fn set_list(mark: &mut Mark, list: Option<usize>) {
        mark.set_list(list);
    }
}

impl Thread for Ranks {
    const BEGINS: usize = RANKED;

    fn place<L: Link>(node: &mut Node<L>) -> &mut Place<L> {
        &mut node.rank
    }

    fn list(mark: Mark) -> Option<usize> {
        mark.rank_list()
    }

    fn set_list(mark: &mut Mark, list: Option<usize>) {
        mark.set_rank_list(list);
    }
}

/// Puts `slot`, which is in no list of that thread, at the end of `list`.
pub(crate) fn push<T: Thread, M: Memory>(memory: &mut M, list: usize, slot: SlotId) {
    let link = M::Link::to(slot);
    let (next, previous) = match first::<T, M>(memory, list) {
        Some(first) => {
            let last = place::<T, M>(memory, first).previous;
            change::<T, M>(memory, Some(first), |place| place.previous = link);
            change::<T, M>(memory, last.slot(), |place| place.next = link);
            (M::Link::to(first), last)
        }
        None => {
            if let Some(head) = head_mut::<T, M>(memory, list) {
                *head = link;
            }
            (link, link)
        }
    };
    enter::<T, M>(memory, slot, Place { next, previous }, list);
}

/// Takes `slot` out of the list of that thread that it is in, if any; and says whether that list is
/// now empty.
pub(crate) fn unlink<T: Thread, M: Memory>(memory: &mut M, slot: SlotId) -> Option<Emptied> {
    let link = M::Link::to(slot);
    let (Place { next, previous }, list) = leave::<T, M>(memory, slot)?;
    if next == link {
        *head_mut::<T, M>(memory, list)? = M::Link::NIL;
        return Some(Emptied(list));
    }
    change::<T, M>(memory, previous.slot(), |place| place.next = next);
    change::<T, M>(memory, next.slot(), |place| place.previous = previous);
    let head = head_mut::<T, M>(memory, list)?;
    if *head == link {
        *head = next;
    }
    None
}

/// Gives `to`, which is in no list, all that `from` is, which is in none then and holds nothing.
pub(crate) fn replace<M: Memory>(memory: &mut M, from: SlotId, to: SlotId) {
    lead_to::<Timers, M>(memory, from, to);
    lead_to::<Ranks, M>(memory, from, to);
    let Some(node) = memory.nodes_mut().get_mut(from.0) else { return };
    let moved = node.copied();
    node.mark = Mark::EMPTY;
    if let Some(node) = memory.nodes_mut().get_mut(to.0) {
        *node = moved;
    }
}

/// Lets whatever leads to `from` in its list of that thread lead to `to`: its own links, too, if it
/// is alone there.
fn lead_to<T: Thread, M: Memory>(memory: &mut M, from: SlotId, to: SlotId) {
    let Some(list) = of::<T, M>(memory, from) else { return };
    let (was, link) = (M::Link::to(from), M::Link::to(to));
    let Place { next, previous } = place::<T, M>(memory, from);
    change::<T, M>(memory, previous.slot(), |place| place.next = link);
    change::<T, M>(memory, next.slot(), |place| place.previous = link);
    if let Some(head) = head_mut::<T, M>(memory, list).filter(|head| **head == was) {
        *head = link;
    }
}

/// The first slot of `list`.
pub(crate) fn first<T: Thread, M: Memory>(memory: &M, list: usize) -> Option<SlotId> {
    memory.lists().get(T::BEGINS.wrapping_add(list))?.slot()
}

/// The last slot of `list`.
pub(crate) fn last<T: Thread, M: Memory>(memory: &M, list: usize) -> Option<SlotId> {
    place::<T, M>(memory, first::<T, M>(memory, list)?).previous.slot()
}

/// Whether `slot` is the last one of `list`.
pub(crate) fn is_last<T: Thread, M: Memory>(memory: &M, list: usize, slot: SlotId) -> bool {
    of::<T, M>(memory, slot) == Some(list)
        && first::<T, M>(memory, list) == place::<T, M>(memory, slot).next.slot()
}

/// The slots of `list`, from the first to the last.
pub(crate) fn iter<T: Thread, M: Memory>(memory: &M, list: usize) -> impl Iterator<Item = SlotId> {
    let first = first::<T, M>(memory, list);
    core::iter::successors(first, move |&slot| {
        place::<T, M>(memory, slot).next.slot().filter(|&next| Some(next) != first)
    })
}

/// The list that `slot` is in.
pub(crate) fn of<T: Thread, M: Memory>(memory: &M, slot: SlotId) -> Option<usize> {
    T::list(memory.nodes().get(slot.0)?.mark)
}

/// A list that has lost its last slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Emptied(pub(crate) usize);

/// Marks `slot` as in `list`, and there.
fn enter<T: Thread, M: Memory>(memory: &mut M, slot: SlotId, at: Place<M::Link>, list: usize) {
    if let Some(node) = memory.nodes_mut().get_mut(slot.0) {
        *T::place(node) = at;
        T::set_list(&mut node.mark, Some(list));
    }
}

/// Marks `slot` as in no list; the place and the list that it had.
fn leave<T: Thread, M: Memory>(memory: &mut M, slot: SlotId) -> Option<(Place<M::Link>, usize)> {
    let node = memory.nodes_mut().get_mut(slot.0)?;
    let list = T::list(node.mark)?;
    T::set_list(&mut node.mark, None);
    Some((*T::place(node), list))
}

fn place<T: Thread, M: Memory>(memory: &M, slot: SlotId) -> Place<M::Link> {
    let mut node = memory.nodes().get(slot.0).copied().unwrap_or(Node::EMPTY);
    *T::place(&mut node)
}

fn head_mut<T: Thread, M: Memory>(memory: &mut M, list: usize) -> Option<&mut M::Link> {
    memory.lists_mut().get_mut(T::BEGINS.wrapping_add(list))
}

fn change<T: Thread, M: Memory>(
    memory: &mut M,
    slot: Option<SlotId>,
    how: impl FnOnce(&mut Place<M::Link>),
) {
    if let Some(node) = slot.and_then(|slot| memory.nodes_mut().get_mut(slot.0)) {
        how(T::place(node));
    }
}
