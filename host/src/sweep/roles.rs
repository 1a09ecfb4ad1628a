//! Which setting of a sweep stands in rows, which in columns, and which ahead of a block of both.

use super::axis::{Axis, Key};
use super::grid::{Grid, Point, Tried, product};

/// What each axis is in a table for people, by its place.
pub(super) struct Roles {
    pub(super) rows: usize,
    pub(super) columns: Option<usize>,
    /// The others: there is a block for each combination of them.
    others: Vec<usize>,
}

/// The combinations that have the same values of everything but rows and columns.
pub(super) struct Block<'b, 't> {
    grid: &'b Grid,
    roles: &'b Roles,
    tried: &'b [Tried<'t>],
    /// A point of the block.
    origin: Point,
}

impl Roles {
    /// `max` in rows, if it is swept; of the others the last in columns.
    pub(super) fn of(axes: &[Axis]) -> Self {
        let max = axes.iter().position(|axis| axis.key == Key::Max);
        let mut rest: Vec<usize> = (0..axes.len()).filter(|at| Some(*at) != max).collect();
        let last = rest.pop();
        match (max, last) {
            (Some(rows), columns) => Self { rows, columns, others: rest },
            (None, last) => match rest.pop() {
                Some(rows) => Self { rows, columns: last, others: rest },
                None => Self { rows: last.unwrap_or(0), columns: None, others: rest },
            },
        }
    }

    /// The blocks, in the order in which values were typed.
    pub(super) fn blocks<'b, 't>(
        &'b self,
        grid: &'b Grid,
        tried: &'b [Tried<'t>],
    ) -> Vec<Block<'b, 't>> {
        let lens = self.others.iter().filter_map(|&axis| Some(grid.axes.get(axis)?.values.len()));
        let block = |values: Point| {
            let mut origin = vec![0; grid.axes.len()];
            for (&axis, value) in self.others.iter().zip(values) {
                if let Some(at) = origin.get_mut(axis) {
                    *at = value;
                }
            }
            Block { grid, roles: self, tried, origin }
        };
        product(lens).into_iter().map(block).collect()
    }
}

impl<'t> Block<'_, 't> {
    /// What its combinations have in common of what is swept: `on-full refuse, buckets 4,096`.
    pub(super) fn title(&self) -> String {
        let named = self.roles.others.iter().filter_map(|&axis| {
            let name = self.grid.axes.get(axis)?.key.name();
            let value = self.grid.value(axis, *self.origin.get(axis)?)?;
            Some(format!("{name} {value}"))
        });
        named.collect::<Vec<_>>().join(", ")
    }

    /// The places of the rows, and those of the columns: one if nothing stands in columns.
    pub(super) fn lens(&self) -> (usize, usize) {
        let len = |axis: usize| self.grid.axes.get(axis).map_or(1, |axis| axis.values.len());
        (len(self.roles.rows), self.roles.columns.map_or(1, len))
    }

    /// What stands in a row and a column.
    pub(super) fn at(&self, row: usize, column: usize) -> Option<&Tried<'t>> {
        let mut point = self.origin.clone();
        *point.get_mut(self.roles.rows)? = row;
        if let Some(columns) = self.roles.columns {
            *point.get_mut(columns)? = column;
        }
        self.tried.get(self.grid.place(&point))
    }

    /// All of a column, by row.
    pub(super) fn column(&self, column: usize) -> Vec<&Tried<'t>> {
        (0..self.lens().0).filter_map(|row| self.at(row, column)).collect()
    }
}
