//! What rules of nft ask of sets, and of this host's addresses.

use std::collections::HashMap;
use std::sync::Arc;

use keeptrack_core::raw::{Matches, SetId};

use super::combine::{self, Both};
use super::elements::Element;
use super::key::{Key, unsupported};
use super::rule::Values;
use crate::diagnostic::Fault;
use crate::rules::Known;
use crate::rules::sets::{AddressKind, Field, FieldSet, HostSets, Lookup, Side};

/// Sets of more elements are looked up; fewer become a rule each, of which is told how often each
/// one matched.
const MAX_RULES_OF_SET: usize = 4;

/// The questions of the rules of one table.
pub(in crate::rules) struct Asking<'a> {
    sets: &'a mut HostSets,
    known: &'a Known,
    /// The sets of the table that were asked for, by name, and by what.
    named: HashMap<String, Vec<(Vec<Key>, SetId)>>,
    /// Rules whose parameters nft does not show.
    pub(super) lost_count: usize,
}

/// A question, and what a packet must be to have the fields that it is about; `None`: no packet has
/// all.
pub(super) struct Asked {
    pub(super) having: Option<Matches>,
    pub(super) id: SetId,
}

impl<'a> Asking<'a> {
    pub(in crate::rules) fn new(sets: &'a mut HostSets, known: &'a Known) -> Self {
        Self { sets, known, named: HashMap::new(), lost_count: 0 }
    }

    /// The question whether a packet has those values; `None` when simple rules ask it as well.
    pub(super) fn looked_up(
        &mut self,
        keys: &[Key],
        values: &Values<'_>,
    ) -> Result<Option<Asked>, Fault> {
        let elements = values.elements()?;
        let fields: Option<Vec<Field>> = keys.iter().map(|key| key.field()).collect();
        let is_few = elements.len() <= MAX_RULES_OF_SET
            && !elements.iter().flat_map(|element| &element.parts).any(|word| is_range(&word.text));
        let Some(fields) = fields.filter(|_| !is_few) else { return Ok(None) };
        let having = having(keys);
        let name = match values {
            Values::Named(name, _) => Some(*name),
            Values::Here(_) => None,
        };
        let known = name.and_then(|name| self.named.get(name)).into_iter().flatten();
        if let Some((_, id)) = known.into_iter().find(|(known, _)| known == keys) {
            return Ok(Some(Asked { having, id: *id }));
        }
        let id = self.asked(Lookup::Fields(field_set(keys, fields, elements)?.into()), elements)?;
        if let Some(name) = name {
            self.named.entry(name.to_owned()).or_default().push((keys.to_vec(), id));
        }
        Ok(Some(Asked { having, id }))
    }

    /// The question whether that address of a packet is of one of those kinds.
    pub(super) fn kinds(&mut self, side: Side, elements: &[Element]) -> Result<SetId, Fault> {
        let mut kinds = Vec::new();
        for word in elements.iter().flat_map(|element| &element.parts) {
            let kind = AddressKind::named(&word.text.to_ascii_uppercase());
            let kind = kind.ok_or_else(|| {
                unsupported(word.span.clone(), &format!("the type of address `{}`", word.text))
            })?;
            if kind.is_of_host() && self.known.local.is_empty() {
                return Err(crate::rules::sets::unknown_host(word.span.clone()));
            }
            kinds.push(kind);
        }
        let local: Arc<[_]> = self.known.local.as_slice().into();
        self.asked(Lookup::Kinds { side, kinds, local }, elements)
    }

    fn asked(&mut self, lookup: Lookup, elements: &[Element]) -> Result<SetId, Fault> {
        self.sets.asked(lookup).ok_or_else(|| {
            let first = elements.first().and_then(|element| element.parts.first());
            let place = first.map_or(0..0, |word| word.span.clone());
            Fault::new(place, "too many questions").label("this one does not fit")
        })
    }
}

/// An interval of addresses is seldom one network.
fn is_range(text: &str) -> bool {
    text.contains('-') && text.contains(['.', ':'])
}

fn having(keys: &[Key]) -> Option<Matches> {
    keys.iter().try_fold(Matches::default(), |having, key| {
        match combine::both(&having, &key.dependency()) {
            Both::One(both) => Some(*both),
            Both::Never | Both::Two => None,
        }
    })
}

fn field_set(keys: &[Key], fields: Vec<Field>, elements: &[Element]) -> Result<FieldSet, Fault> {
    let mut all = Vec::with_capacity(elements.len());
    for element in elements {
        element.check_len(keys)?;
        let parts = keys.iter().zip(&element.parts);
        let values: Result<Vec<_>, _> = parts
            .map(|(key, word)| match word.text.as_str() {
                "*" => Ok(0..=u128::MAX),
                _ => key.values(word),
            })
            .collect();
        all.push(values?);
    }
    Ok(FieldSet::new(fields, all))
}
